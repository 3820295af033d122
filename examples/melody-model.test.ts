import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPipeline, type Pipeline } from '@any-to-any/core';
import { expectCode } from '@any-to-any/core/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { alphabet, composeMelodyBundle, logFrequencies, tunes } from './melody-model.ts';
import { type MelodyContent, type MelodyDelta, melody, melodyPlugin } from './own-tokenizer.ts';
import { frequencyOf, wavOf } from './wav.ts';

let directory: string;
let pipeline: Pipeline;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'melody-bundle-'));
  await composeMelodyBundle(directory);
  pipeline = await createPipeline({ model: directory, plugins: [melodyPlugin()] });
});

afterAll(async () => {
  await pipeline?.close();
  await rm(directory, { recursive: true });
});

/** How often each pair of notes stands in the tunes, counted another way than the model does. */
const pairs = new Map<string, number>();
for (const tune of tunes) {
  tune.forEach((note, i) => {
    const pair = `${note} ${tune[i + 1] ?? 'end'}`;
    pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
  });
}

async function play(request: {
  seed?: number;
  temperature?: number;
  maxIds?: number;
}): Promise<readonly string[]> {
  const { seed = 0, temperature = 1, maxIds = 200 } = request;
  const answer = await pipeline.generate({
    to: 'melody',
    seed,
    options: { melody: { temperature, maxIds } },
  });
  return (answer.segments[0]!.content as MelodyContent).notes; // `to` says what it is
}

describe('a plugin and a model of a third party', () => {
  test('the likeliest melody is the one the counts give', async () => {
    // By hand: three tunes of four begin with C4/2; what follows is the note that follows most often.
    const expected = ['C4/2'];
    while (expected.length < 12) {
      const last = expected.at(-1)!;
      const counts = [...alphabet, 'end'].map((note) => pairs.get(`${last} ${note}`) ?? 0);
      expected.push([...alphabet, 'end'][counts.indexOf(Math.max(...counts))]!);
    }
    expect(await play({ temperature: 0, maxIds: 12 })).toEqual(expected);
  });

  test('every melody is made of pairs that stand in the tunes, and ends as a tune does', async () => {
    const endings = new Set<string>();
    for (let seed = 0; seed < 20; seed++) {
      const notes = await play({ seed });
      expect(tunes.map((tune) => tune[0])).toContain(notes[0]);
      for (const [i, note] of notes.slice(0, -1).entries())
        expect(pairs.has(`${note} ${notes[i + 1]}`)).toBe(true);
      if (notes.length < 200) expect(pairs.has(`${notes.at(-1)} end`)).toBe(true);
      endings.add(notes.join(' '));
    }
    expect(endings.size).toBeGreaterThan(10);
  });

  test('the frequencies are probabilities', () => {
    for (const note of [undefined, ...alphabet]) {
      const sum = logFrequencies(note).reduce((total, value) => total + Math.exp(value), 0);
      expect(sum).toBeCloseTo(1, 9);
    }
    expect(Math.exp(logFrequencies(undefined)[alphabet.indexOf('C4/2')]!)).toBeCloseTo(3 / 4);
  });

  test('streams a note at a time, and goes on from a melody that is given', async () => {
    const given = melody(['G4/2', 'G4/2']);
    const deltas: MelodyDelta[] = [];
    for await (const event of pipeline.stream({
      content: [given],
      to: 'melody',
      options: { melody: { maxIds: 8 } },
    })) {
      if (event.type === 'segment-delta') deltas.push(event.delta as MelodyDelta); // `to` says what it is
    }
    expect(deltas.every((delta) => delta.content.notes.length === 1)).toBe(true);
    await expectCode(() => pipeline.generate({ content: [melody(['X'])], to: 'melody' }), 'CONTENT_INVALID');
    await play({});
  });

  test('the bundle says which plugin it needs', async () => {
    await expectCode(() => createPipeline({ model: directory, plugins: [] }), 'PLUGIN_MISSING');
  });

  test('sounds: A4 is 440 Hz, and the file has a header and 16-bit samples', () => {
    expect(frequencyOf('A4')).toBeCloseTo(440);
    expect(frequencyOf('C4')).toBeCloseTo(261.63, 2);
    const wav = wavOf(melody(['A4/2', '-/1']));
    expect(wav.length).toBe(44 + 2 * 9_600); // three eighths of 3,200 samples
    expect(wav.readUInt32LE(40)).toBe(wav.length - 44);
  });
});
