/**
 * Words → a picture and back with a compiled Janus: `node examples/dist/janus.js BUNDLE [PROMPT]`.
 * The picture is on disk while it is being drawn, sharper with every preview; then the model is asked about it.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createPipeline, type ImageDelta, type TextDelta } from '@any-to-any/core';
import { imagePlugin, joinImage, readImage, writeImage } from '@any-to-any/tokenizer-image';
import { chatTemplate, textPlugin } from '@any-to-any/tokenizer-text';

const [model, ...words] = process.argv.slice(2);
if (model === undefined) throw new TypeError('Usage: janus.js BUNDLE [PROMPT]');
const prompt = words.join(' ') || 'A red apple on a wooden table, in morning light.';

const pipeline = await createPipeline({ model, plugins: [textPlugin(), imagePlugin()] });
const chat = chatTemplate(await readFile(join(model, 'chat.json')));

// Words → a picture. Guidance, temperature and what guidance compares with are in the bundle.
await mkdir('out', { recursive: true });
const draw = { content: chat.ask(prompt, { to: 'image' }), to: 'image', seed: 1 };
for await (const event of pipeline.stream(draw)) {
  if (event.type === 'progress' && event.done % 48 === 0) {
    console.log(`${event.done} of ${event.total} codes, ${event.rate.toFixed(1)} a second`);
  }
  if (event.type !== 'segment-delta') continue;
  const delta = event.delta as ImageDelta; // `to: 'image'` says what comes
  const name = delta.sigma === 0 ? 'out/janus.png' : `out/janus-${delta.revision}.png`;
  await writeImage(joinImage([delta]), name);
  console.log(name);
}

// The picture → words: it stands in the middle of what the user says.
const picture = await readImage('out/janus.png');
const question = chat.ask([picture, 'What is in this picture?']);
const ask = { content: question, to: 'text', options: { text: { maxIds: 64 } } };
for await (const event of pipeline.stream(ask)) {
  if (event.type === 'segment-delta') process.stdout.write((event.delta as TextDelta).text); // text was asked for
}
console.log();
await pipeline.close();
