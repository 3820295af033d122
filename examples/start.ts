/**
 * The main job, behind `npm start`: words → a picture that sharpens while it is drawn → words → speech → words again.
 * `npm start -- "a green frog on a white background"` draws something else. Leaves files and a report in out/.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { denoisePlugin } from '@any-to-any/adapter-denoise';
import {
  createPipeline,
  type ImageContent,
  type ImageDelta,
  locateBundle,
  type SoundContent,
  type SoundDelta,
  type TextContent,
} from '@any-to-any/core';
import { audioPlugin, readSound, writeSound } from '@any-to-any/tokenizer-audio';
import { imagePlugin, joinImage, readImage, writeImage } from '@any-to-any/tokenizer-image';
import { textPlugin } from '@any-to-any/tokenizer-text';
import { writeAnimation, writeContactSheet } from './blur-to-sharp.ts';
import { type Arrival, momentsOf } from './moments.ts';
import { pictureLines } from './show-picture.ts';
import { soundLine } from './show-sound.ts';

const prompt = process.argv.slice(2).join(' ') || 'a red apple on a blue background';
const seed = 8;
const name =
  prompt
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu)
    ?.join('-')
    .slice(0, 48) ?? 'picture';
const terminal = process.stdout.isTTY && process.stdout.hasColors(2 ** 24);
const times: [what: string, milliseconds: number][] = [];
let lap = performance.now();

// A model and the plugins its modalities need. Any directory or package with a bundle will do.
const model = locateBundle('@any-to-any/model-emoji', import.meta.url);
const plugins = [textPlugin(), imagePlugin(), audioPlugin(), denoisePlugin()];
const pipeline = await createPipeline({ model, plugins });
time('open the model');
console.log(`${pipeline.name} makes ${pipeline.generates.join(' and ')}.\n\n  “${prompt}”\n`);

// Words → a picture. Patches come while the decoder is still drawing: first a draft, then exact, then step by step
// sharper, and at last four times as large.
const patches: ImageDelta[] = [];
const arrivals: Arrival[] = [];
const options = { image: { upscale: 4 } } as const;
let lines = 0;
const began = performance.now();
for await (const event of pipeline.stream({ content: [prompt], to: 'image', seed, options })) {
  if (event.type === 'segment-delta') {
    patches.push(event.delta as ImageDelta); // The answer to `to: 'image'` has deltas of images only.
    arrivals.push({ patch: patches.at(-1)!, at: performance.now() - began });
    if (patches.length === 1) time('see the first patch');
    if (terminal) draw(joinImage(patches));
  }
  if (event.type === 'progress' && !terminal && event.done % 16 === 0) {
    console.log(`  ${event.done} of ${event.total} ids, ${event.rate.toFixed(1)} ids/s`);
  }
}
time('see the whole picture, sharp');
const picture = joinImage(patches);
await mkdir('out', { recursive: true });
await writeImage(picture, `out/${name}.png`);
await writeContactSheet(await momentsOf(arrivals, 8), `out/${name}-blur-to-sharp.png`);
await writeAnimation(await momentsOf(arrivals, 32), `out/${name}-blur-to-sharp.webp`);

// The picture → words, from the file, as if it came from anywhere: the understanding encoder reads it.
lap = performance.now();
const seen = await pipeline.generate({ content: [await readImage(`out/${name}.png`)], to: 'text', seed });
const caption = textOf(seen.segments[0]?.content);
time('describe the picture');
console.log(`\nWhat it sees in out/${name}.png:\n\n  ${caption}\n`);

// The picture → speech → words.
const heard = await nameAloud(picture);

// The same in one conversation: what was read and drawn stays in the cache and is not computed again.
const conversation = pipeline.conversation();
const drawn = await conversation.generate({ content: [prompt], to: 'image', seed: seed + 1 });
time('draw in a conversation');
await writeImage(drawn.segments[0]?.content as ImageContent, `out/${name}-2.png`); // `to: 'image'`
const told = await conversation.generate({ to: 'text', seed });
time('describe in a conversation');
const answer = textOf(told.segments[0]?.content);
const { reused, prefilled } = told.usage;
const kept = `${reused} positions kept in the cache, ${prefilled} computed for the new turn`;
console.log(`In one conversation (out/${name}-2.png): ${kept}.\n\n  ${answer}\n`);
conversation.dispose();
await pipeline.close();

await writeFile(
  'out/report.md',
  `# ${prompt}

Model ${pipeline.name}, seed ${seed}, on Node ${process.version}, ${process.platform} ${process.arch}.

- Seen in the picture: ${caption}
- Heard where it [names the picture aloud](${encodeURI(name)}.wav): ${heard}
- Said in the conversation: ${answer}
- ${kept}

| step | ms |
|---|---:|
${times.map(([what, milliseconds]) => `| ${what} | ${milliseconds.toFixed(0)} |`).join('\n')}

![${prompt}](${encodeURI(name)}.png)

Blur becomes sharp, from top left to bottom right ([in motion](${encodeURI(name)}-blur-to-sharp.webp)):

![${prompt}, at eight moments](${encodeURI(name)}-blur-to-sharp.png)
`,
);
console.log('The files and report.md are in out/.');

/** The picture is named aloud, piece by piece; then what was said is heard, from its file, by the encoder for sound. */
async function nameAloud(image: ImageContent): Promise<string> {
  console.log(`What it says, in out/${name}.wav:\n`);
  lap = performance.now();
  const pieces: SoundDelta[] = [];
  for await (const event of pipeline.stream({ content: [image], to: 'audio', seed })) {
    if (event.type === 'segment-delta') {
      pieces.push(event.delta as SoundDelta); // `to: 'audio'`
      if (pieces.length === 1) time('hear the first sound');
      if (process.stdout.isTTY) process.stdout.write(`\r  ${soundLine(pieces)}`);
    }
    if (event.type === 'segment-end') await writeSound(event.content as SoundContent, `out/${name}.wav`);
  }
  time('hear all it says');
  console.log(`${process.stdout.isTTY ? '\r' : ''}  ${soundLine(pieces)}\n`);
  const understood = await pipeline.generate({
    content: [await readSound(`out/${name}.wav`)],
    to: 'text',
    seed,
  });
  const words = textOf(understood.segments[0]?.content);
  time('understand what was said');
  console.log(`What it hears:\n\n  ${words}\n`);
  return words;
}

/** Notes the time since the last lap. */
function time(what: string): void {
  const now = performance.now();
  times.push([what, now - lap]);
  lap = now;
}

/** Draws the picture over the last one. */
function draw(image: ImageContent): void {
  const drawn = pictureLines(image);
  process.stdout.write(`${lines ? `\x1b[${lines}A` : ''}${drawn.map((line) => `  ${line}\n`).join('')}`);
  lines = drawn.length;
}

function textOf(content: unknown): string {
  return (content as TextContent).text; // The answer to `to: 'text'`.
}
