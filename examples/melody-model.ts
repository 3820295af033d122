/**
 * A model for `own-tokenizer.ts`, computed instead of trained: which note follows which in four old tunes.
 * Embeddings are one-hot, attention and feed-forward are zero, so the head alone decides: it holds log frequencies.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile, type TensorToWrite, writeSafetensors } from '@any-to-any/compiler';
import { name as plugin } from './own-tokenizer.ts';

const again = (times: number, notes: string): string => Array(times).fill(notes).join(' ');

const star = 'C4/2 C4/2 G4/2 G4/2 A4/2 A4/2 G4/4 F4/2 F4/2 E4/2 E4/2 D4/2 D4/2 C4/4';
const moon = 'C4/2 C4/2 C4/2 D4/2 E4/4 D4/4 C4/2 E4/2 D4/2 D4/2 C4/8';
const joy = 'E4/2 E4/2 F4/2 G4/2 G4/2 F4/2 E4/2 D4/2 C4/2 C4/2 D4/2 E4/2';

/** Ah ! vous dirai-je, maman; Ode to Joy (Beethoven); Frère Jacques; Au clair de la lune. All in the public domain. */
export const tunes: readonly (readonly string[])[] = [
  `${star} ${again(2, 'G4/2 G4/2 F4/2 F4/2 E4/2 E4/2 D4/4')} ${star}`,
  `${joy} E4/3 D4/1 D4/4 ${joy} D4/3 C4/1 C4/4`,
  again(2, 'C4/2 D4/2 E4/2 C4/2').concat(
    ` ${again(2, 'E4/2 F4/2 G4/4')} ${again(2, 'G4/1 A4/1 G4/1 F4/1 E4/2 C4/2')} ${again(2, 'C4/2 G3/2 C4/4')}`,
  ),
  `${again(2, moon)} D4/2 D4/2 D4/2 D4/2 A3/4 A3/4 D4/2 C4/2 B3/2 A3/2 G3/8 ${moon}`,
].map((tune) => tune.split(' '));

export const alphabet: readonly string[] = [...new Set(tunes.flat())].sort();

const size = alphabet.length;
/** Ids 0–7 are marks, notes follow. */
const capacity = 8;
const buckets = 16;
const headWidth = 16;
/** At least one dimension a note, and one for all marks. */
const heads = Math.ceil((size + 1) / headWidth);
const width = heads * headWidth;

const feedForward = 16;
const normEpsilon = 1e-6;

/** What a trainer would write: the sizes, the token space, and whose tokenizer it is. */
const config = {
  family: 'any-to-any',
  format: 1,
  decoder: {
    width,
    layers: 1,
    heads,
    kvHeads: heads,
    headWidth,
    feedForward,
    context: 256,
    ropeTheta: 10_000,
    normEpsilon,
    qkNorm: false,
    buckets: true,
    typeEmbedding: false,
    loraRank: 0,
    headScale: false,
    gatedResidual: false,
  },
  marks: ['<pad>', '<s>', '</s>', '<mel>', '</mel>'],
  markCapacity: capacity,
  modalities: [
    {
      name: 'melody',
      open: '<mel>',
      close: '</mel>',
      offset: capacity,
      size,
      layout: { kind: 'plugin', buckets },
      tokenizer: { kind: 'plugin', plugin, options: { alphabet: 'alphabet.txt' }, files: ['alphabet.txt'] },
    },
  ],
};

/** The logarithm of "never": e⁻³⁰ is far below what a 32-bit draw can hit. */
const never = -30;

/** `[notes + 1]` log frequencies of what follows `note`, or of first notes; the last class closes the melody. */
export function logFrequencies(note: string | undefined): number[] {
  const followers = tunes.flatMap((tune) =>
    note === undefined ? [tune[0]] : tune.flatMap((other, i) => (other === note ? [tune[i + 1]] : [])),
  );
  return [...alphabet, undefined].map((next) => {
    const count = followers.filter((follower) => follower === next).length;
    return count === 0 ? never : Math.log(count / followers.length);
  });
}

/** The checkpoint's tensors. Column `size` of a state stands for every mark. */
function tensors(): TensorToWrite[] {
  const columns = [...alphabet.map(logFrequencies), logFrequencies(undefined)];
  // The norm divides a one-hot state by √(1/width + ε); its weight multiplies that back.
  const unit = Math.sqrt(1 / width + normEpsilon);
  const square = [width, width];
  return [
    matrix('ports.marks.embedding', [capacity, width], (_, column) => (column === size ? 1 : 0)),
    matrix('ports.marks.head.weight', [capacity, width]),
    matrix('ports.melody.embedding', [size, width], (row, column) => (row === column ? 1 : 0)),
    matrix('ports.melody.head.weight', [size + 1, width], (row, column) => columns[column]?.[row] ?? 0),
    matrix('norm.weight', [width], () => unit),
    matrix('buckets.weight', [1 + buckets, heads]),
    matrix('layers.0.attention.norm.weight', [width], () => 1),
    matrix('layers.0.feed_forward.norm.weight', [width], () => 1),
    ...['q', 'k', 'v', 'o'].map((part) => matrix(`layers.0.attention.${part}.weight`, square)),
    matrix('layers.0.feed_forward.gate.weight', [feedForward, width]),
    matrix('layers.0.feed_forward.up.weight', [feedForward, width]),
    matrix('layers.0.feed_forward.down.weight', [width, feedForward]),
  ];
}

function matrix(
  name: string,
  shape: readonly number[],
  value: (row: number, column: number) => number = () => 0,
): TensorToWrite {
  const across = shape.at(-1)!;
  const length = shape.reduce((product, side) => product * side, 1);
  const data = Float32Array.from({ length }, (_, i) => value(Math.floor(i / across), i % across));
  return { name, dtype: 'F32', shape, data };
}

/** Writes a checkpoint into a temporary directory and compiles it into `directory`. */
export async function composeMelodyBundle(directory: string): Promise<void> {
  const checkpoint = await mkdtemp(join(tmpdir(), 'melody-checkpoint-'));
  try {
    await writeFile(join(checkpoint, 'config.json'), JSON.stringify(config));
    await writeFile(join(checkpoint, 'alphabet.txt'), alphabet.join('\n'));
    await writeSafetensors(join(checkpoint, 'decoder.safetensors'), tensors());
    await compile(checkpoint, directory, { name: 'melody-example', license: 'CC0-1.0' });
  } finally {
    await rm(checkpoint, { recursive: true });
  }
}
