/**
 * Composes the melody model, opens it with the plugin of `own-tokenizer.ts`, streams a melody and writes it as sound.
 * Run: `npx tsc -b examples && node examples/dist/play-melody.js [seed] [file.wav]`
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPipeline } from '@any-to-any/core';
import { composeMelodyBundle } from './melody-model.ts';
import { type MelodyContent, type MelodyDelta, melodyPlugin } from './own-tokenizer.ts';
import { wavOf } from './wav.ts';

const [seed = '1', file = 'melody.wav'] = process.argv.slice(2);
const directory = await mkdtemp(join(tmpdir(), 'melody-bundle-'));
try {
  await composeMelodyBundle(directory);
  const pipeline = await createPipeline({ model: directory, plugins: [melodyPlugin()] });
  const options = { melody: { maxIds: 64 } };
  for await (const event of pipeline.stream({ to: 'melody', seed: Number(seed), options })) {
    // The modality says which delta and content these are.
    if (event.type === 'segment-delta') console.log((event.delta as MelodyDelta).content.notes.join(' '));
    if (event.type === 'segment-end') await writeFile(file, wavOf(event.content as MelodyContent));
  }
  await pipeline.close();
  console.log(`→ ${file}`);
} finally {
  await rm(directory, { recursive: true });
}
