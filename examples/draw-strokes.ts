/**
 * The embedded model, grown by line drawings: words → strokes, strokes → words in two languages, and what nobody taught
 * it, strokes → picture. `docs/grow-a-modality.md` says how to make the bundle; it is in no package.
 * `node examples/dist/draw-strokes.js training/run/grown "a red apple"` leaves an SVG and a PNG in out/.
 */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { denoisePlugin } from '@any-to-any/adapter-denoise';
import { createPipeline, type ImageContent, type TextContent } from '@any-to-any/core';
import { audioPlugin } from '@any-to-any/tokenizer-audio';
import { imagePlugin, writeImage } from '@any-to-any/tokenizer-image';
import { textPlugin } from '@any-to-any/tokenizer-text';
import { joinStrokes, type StrokesContent, type StrokesDelta, toSvg } from './strokes.ts';
import { strokesPlugin } from './strokes-plugin.ts';

const [bundle = 'training/run/grown', prompt = 'a red apple'] = process.argv.slice(2);
if (!existsSync(join(bundle, 'manifest.json'))) {
  console.error(
    `There is no grown bundle at "${bundle}". docs/grow-a-modality.md makes one in a few minutes.`,
  );
  process.exit(1);
}
const plugins = [textPlugin(), imagePlugin(), audioPlugin(), denoisePlugin(), strokesPlugin()];
const pipeline = await createPipeline({ model: bundle, plugins });
console.log(`${pipeline.name} makes ${pipeline.generates.join(' and ')}.\n\n  “${prompt}”\n`);

// Words → strokes. Points come as the model decides on them.
const deltas: StrokesDelta[] = [];
for await (const event of pipeline.stream({ content: [prompt], to: 'strokes' })) {
  if (event.type === 'segment-delta') deltas.push(event.delta as StrokesDelta); // `to: 'strokes'`
}
const drawing = joinStrokes(deltas);
await mkdir('out', { recursive: true });
await writeFile('out/strokes.svg', toSvg(drawing));
console.log(`${deltas.length} points, ${drawing.lines.length} lines: out/strokes.svg\n`);

console.log(`It reads its own drawing as “${await say([drawing])}”`);
console.log(`and, asked in Korean, as “${await say(['이게 뭐야?', drawing])}”.\n`);

// Strokes → picture: no example of it was ever trained.
const { segments } = await pipeline.generate({ content: [drawing], to: 'image', seed: 2 });
await writeImage(segments[0]?.content as ImageContent, 'out/strokes.png'); // `to: 'image'`
console.log('What the frozen model makes of it as a picture: out/strokes.png');
await pipeline.close();

async function say(content: (string | StrokesContent)[]): Promise<string> {
  const { segments } = await pipeline.generate({ content, to: 'text' });
  return textOf(segments[0]?.content);
}

function textOf(content: unknown): string {
  return (content as TextContent).text; // The answer to `to: 'text'`.
}
