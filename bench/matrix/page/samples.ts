/**
 * The page of samples: under every cell its first items, not the best ones, with what went in, what came out, and what
 * the judge made of it. Pictures stand in a strip, sounds as spectrograms with the first one to be heard.
 */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageContent, SoundContent } from '@any-to-any/core';
import { encodeWav } from '@any-to-any/tokenizer-audio';
import { encodeImageFile } from '@any-to-any/tokenizer-image';
import { table } from '../../measure.ts';
import { pairOf, percent, type Result, square, wholeTable } from '../table.ts';
import type { Row, Shown, Trial } from '../trial.ts';
import { spectrogram } from './spectrogram.ts';
import { stack, strip } from './strip.ts';

/** Items of a cell that are shown. */
const shownPictures = 6;
const shownSounds = 3;
/** Bytes of a sound file that is kept. */
const longestFile = 60_000;

/** Writes `matrix.md` into `directory`, and its pictures and sounds into `matrix/` beside it. */
export async function writeSamples(
  directory: string,
  results: readonly Result[],
  about: readonly string[],
): Promise<void> {
  const folder = join(directory, 'matrix');
  await mkdir(folder, { recursive: true });
  for (const file of await readdir(folder)) if (/\.(png|wav)$/.test(file)) await rm(join(folder, file));
  const sections: string[] = [];
  let pair = '';
  for (const result of results) {
    if (!('score' in result)) continue;
    if (pairOf(result.cell) !== pair) {
      pair = pairOf(result.cell);
      sections.push(`## ${pair}`);
    }
    sections.push(await section(result, folder, `${sections.length}`.padStart(2, '0')));
  }
  const page = [
    '# Every input, every output',
    ...about,
    square(results),
    'The first measure of each pair; all of them:',
    wholeTable(results),
    ...sections,
  ];
  await writeFile(join(directory, 'matrix.md'), `${page.join('\n\n')}\n`);
}

async function section(row: Row, folder: string, name: string): Promise<string> {
  const { cell, score } = row;
  const sounds = cell.from === 'audio' || cell.to === 'audio';
  const trials = row.trials.slice(0, cell.to === 'audio' ? shownSounds : shownPictures);
  const out = [
    `### ${cell.title} (${pairOf(cell)})`,
    `${score.hits} of ${score.n} right (${percent(score)}).`,
  ];
  const drawing = drawn(trials);
  if (drawing) {
    await writeFile(join(folder, `${name}.png`), await encodeImageFile(drawing, 'png'));
    out.push(`![${cell.title}: the first ${trials.length}](matrix/${name}.png)`);
  }
  const heard = sounds
    ? trials.flatMap(({ shown }) => shown.filter(isSound).slice(-1)).find(fits)
    : undefined;
  if (heard) {
    await writeFile(join(folder, `${name}.wav`), encodeWav(heard));
    out.push(`To be heard: [the first that is short](matrix/${name}.wav).`);
  }
  out.push(wordsTable(trials));
  return out.join('\n\n');
}

/** One strip of all pictures of all trials; an input stands left of its output. Spectrograms stand under each other. */
function drawn(trials: readonly Trial[]): ImageContent | undefined {
  const rows = trials.map(({ shown }) => shown.filter((one) => typeof one !== 'string'));
  const pictures = rows.flat().filter((one) => !isSound(one));
  if (rows.flat().some(isSound)) {
    return stack(
      rows.map((row) =>
        strip(
          row.map((one) => (isSound(one) ? spectrogram(one) : one)),
          1,
        ),
      ),
    );
  }
  return pictures.length === 0 ? undefined : strip(pictures, 2);
}

function wordsTable(trials: readonly Trial[]): string {
  const words = trials.map(({ shown }) => shown.filter((one) => typeof one === 'string'));
  const columns = Math.max(...words.map((row) => row.length));
  const understood = trials.some((trial) => trial.understood !== undefined);
  const heads = columns === 2 ? ['asked or true', 'answer'] : columns === 1 ? ['words'] : [];
  return table(
    ['', ...heads, ...(understood ? ['the judge hears'] : []), 'right'],
    trials.map((trial, i) => [
      String(i + 1),
      ...words[i]!.map(cellText),
      ...(understood ? [cellText(trial.understood ?? '')] : []),
      trial.right ? 'yes' : 'no',
    ]),
  );
}

const cellText = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ') || '(nothing)';

const isSound = (one: Shown): one is SoundContent => typeof one !== 'string' && one.modality === 'audio';

const fits = ({ samples }: SoundContent): boolean =>
  samples.length > 0 && 44 + samples.length * 2 <= longestFile;
