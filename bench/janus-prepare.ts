/**
 * One step of preparing the measurement of Janus, in a process of its own, so that its memory can be told:
 * `node janus-prepare.js checkpoint|bundle|rival FOLDER` prints one JSON line, `{ seconds, peakMiB }`.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compile } from '@any-to-any/compiler';
import { writeJanusCheckpoint } from './janus-checkpoint.ts';
import { writeJanusRival } from './janus-rival.ts';

/** Positions with room for the longest prompt that is measured and a picture. */
export const context = 1024;

const tell = (text: string): void => console.error(text);
const [step, folder = ''] = process.argv.slice(2);
const checkpoint = join(folder, 'checkpoint');
const bundle = join(folder, 'bundle');

const steps: Readonly<Record<string, () => Promise<unknown>>> = {
  checkpoint: () => writeJanusCheckpoint(checkpoint, tell),
  bundle: () => compile(checkpoint, bundle, { quantize: 'int4', kv: 'int8', tables: 'f16', context }),
  rival: () => writeJanusRival(checkpoint, bundle, join(folder, 'transformers-js'), context),
};

const run = steps[step ?? ''];
if (run === undefined || folder === '') throw new TypeError('Usage: checkpoint|bundle|rival FOLDER');
const began = performance.now();
await run();
const seconds = (performance.now() - began) / 1000;
console.log(JSON.stringify({ seconds, peakMiB: await peakMiB() }));

/** The most memory this process ever held, as the kernel counts it. */
async function peakMiB(): Promise<number | undefined> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => ''); // Linux only
  const [, kib] = /VmHWM:\s+(\d+)/.exec(status) ?? [];
  return kib === undefined ? undefined : Number(kib) / 1024;
}
