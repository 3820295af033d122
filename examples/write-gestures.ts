/**
 * Writes streams for a trainer: `DIRECTORY/motion.bin`, all values as float32, and `DIRECTORY/motion.json`, a list of
 * `[steps, text]` in the same order. Run: `node examples/dist/write-gestures.js DIRECTORY COUNT [FIRST_SEED]`
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeStream } from './gestures.ts';

const [directory = 'training/run/sensor', count = '24000', first = '0'] = process.argv.slice(2);
const streams = Array.from({ length: Number(count) }, (_, i) => makeStream(Number(first) + i));
await mkdir(directory, { recursive: true });
const parts = streams.map(({ motion: { data } }) => new Uint8Array(data.buffer));
await writeFile(join(directory, 'motion.bin'), Buffer.concat(parts));
const list = streams.map(({ motion: { data, channels }, text }) => [data.length / channels, text]);
await writeFile(join(directory, 'motion.json'), JSON.stringify(list));
console.log(`${count} streams in ${directory}, ${new Set(streams.map(({ text }) => text)).size} sentences`);
