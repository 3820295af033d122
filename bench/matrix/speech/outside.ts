/**
 * An outside recogniser for English: Debian's pocketsphinx with a grammar of every description of a scene. It has never
 * seen anything of this project. Where it is not installed its columns stay empty.
 */
import { execFile } from 'node:child_process';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { SoundContent } from '@any-to-any/core';
import { encodeWav } from '@any-to-any/tokenizer-audio';

const program = 'pocketsphinx_batch';
const model = '/usr/share/pocketsphinx/model/en-us';
/** Silence before and after a clip, samples at 16 kHz: the recogniser first listens to the noise. */
const silence = 3200;

export interface OutsideRecogniser {
  /** The best sentence of each clip, '' where none fits. */
  hear(clips: readonly SoundContent[]): Promise<string[]>;
}

/** Undefined if it is not installed. `grammar`: JSGF. */
export async function findOutsideRecogniser(grammar: string): Promise<OutsideRecogniser | undefined> {
  const places = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, program));
  const found = await Promise.all([...places, join(model, 'en-us')].map(exists));
  if (!found.slice(0, -1).includes(true) || !found.at(-1)) return undefined;
  return { hear: (clips) => hear(grammar, clips) };
}

async function hear(grammar: string, clips: readonly SoundContent[]): Promise<string[]> {
  if (clips.length === 0) return [];
  const folder = await mkdtemp(join(tmpdir(), 'any-to-any-heard-'));
  try {
    await writeFile(join(folder, 'scene.gram'), grammar);
    for (const [i, { rate, samples }] of clips.entries()) {
      const padded = new Float32Array(samples.length + 2 * silence);
      padded.set(samples, silence);
      await writeFile(
        join(folder, `${i}.wav`),
        encodeWav({ modality: 'audio', rate, samples: padded.map((v) => Math.max(-1, Math.min(1, v))) }),
      );
    }
    await writeFile(join(folder, 'list'), clips.map((_, i) => `${i}\n`).join(''));
    const files = ['-hmm', join(model, 'en-us'), '-dict', join(model, 'cmudict-en-us.dict')];
    const wave = ['-adcin', 'yes', '-adchdr', '44', '-cepdir', folder, '-cepext', '.wav'];
    const lists = ['-jsgf', join(folder, 'scene.gram'), '-ctl', join(folder, 'list')];
    const result = join(folder, 'heard');
    await promisify(execFile)(program, [...files, ...wave, ...lists, '-hyp', result]);
    return readHypotheses(await readFile(result, 'utf8'), clips.length);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** `two frogs (3 -1234)` → place 3: `two frogs`. */
export function readHypotheses(text: string, count: number): string[] {
  const out = new Array<string>(count).fill('');
  for (const line of text.split('\n')) {
    const match = /^(.*?)\s*\((\d+) -?\d+\)\s*$/.exec(line);
    if (match) out[Number(match[2])] = match[1]!.trim();
  }
  return out;
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
