/**
 * Writes a checkpoint of the measured shape with random weights that differ from layer to layer.
 * Distinct weights matter: identical pages would be shared and look faster than they are.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TensorToWrite, writeSafetensors } from '@any-to-any/compiler';
import { shape } from './shape.ts';

export async function writeCheckpoint(directory: string): Promise<void> {
  const { vocabulary, ...decoder } = shape;
  await mkdir(directory, { recursive: true });
  const config = {
    family: 'any-to-any',
    format: 1,
    decoder: {
      ...decoder,
      qkNorm: false,
      buckets: false,
      typeEmbedding: false,
      loraRank: 0,
      headScale: false,
      gatedResidual: false,
    },
    marks: ['<pad>', '<s>', '</s>', '<txt>', '</txt>'],
    markCapacity: 32,
    modalities: [
      {
        name: 'text',
        open: '<txt>',
        close: '</txt>',
        offset: 32,
        size: vocabulary,
        layout: { kind: 'line', buckets: 32, maxDistance: 128 },
        tokenizer: { kind: 'tiktoken', file: 'text.tiktoken', pattern: '\\S+|\\s+' },
      },
    ],
  };
  await writeFile(join(directory, 'config.json'), JSON.stringify(config));
  await writeFile(join(directory, 'text.tiktoken'), ranks(vocabulary));
  await writeSafetensors(join(directory, 'decoder.safetensors'), tensors());
}

function tensors(): TensorToWrite[] {
  const { width, layers, heads, kvHeads, headWidth, feedForward, vocabulary } = shape;
  const made: TensorToWrite[] = [];
  const linear = (name: string, rows: number, columns: number): void => {
    made.push({
      name,
      dtype: 'F32',
      shape: [rows, columns],
      data: noise(rows * columns, 1 / Math.sqrt(columns), made.length),
    });
  };
  const ones = (name: string, size: number): void => {
    made.push({ name, dtype: 'F32', shape: [size], data: new Float32Array(size).fill(1) });
  };
  for (let index = 0; index < layers; index++) {
    const layer = `layers.${index}`;
    ones(`${layer}.attention.norm.weight`, width);
    linear(`${layer}.attention.q.weight`, heads * headWidth, width);
    linear(`${layer}.attention.k.weight`, kvHeads * headWidth, width);
    linear(`${layer}.attention.v.weight`, kvHeads * headWidth, width);
    linear(`${layer}.attention.o.weight`, width, heads * headWidth);
    ones(`${layer}.feed_forward.norm.weight`, width);
    linear(`${layer}.feed_forward.gate.weight`, feedForward, width);
    linear(`${layer}.feed_forward.up.weight`, feedForward, width);
    linear(`${layer}.feed_forward.down.weight`, width, feedForward);
  }
  ones('norm.weight', width);
  linear('ports.marks.embedding', 32, width);
  linear('ports.marks.head.weight', 32, width);
  linear('ports.text.embedding', vocabulary, width);
  linear('ports.text.head.weight', vocabulary + 1, width);
  return made;
}

/** Roughly normal noise: the sum of four uniform numbers of a xorshift generator. */
function noise(size: number, scale: number, seed: number): Float32Array {
  const values = new Float32Array(size);
  let state = (seed + 1) * 2654435761 || 1;
  const uniform = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 0x100000000;
  };
  for (let i = 0; i < size; i++)
    values[i] = (uniform() + uniform() + uniform() + uniform() - 2) * 1.732 * scale;
  return values;
}

/** Every byte, then pairs of bytes: enough different tokens for any vocabulary up to 65,792. */
function ranks(size: number): string {
  const lines: string[] = [];
  for (let rank = 0; rank < size; rank++) {
    const bytes = rank < 256 ? [rank] : [(rank - 256) >> 8, (rank - 256) & 255];
    lines.push(`${Buffer.from(bytes).toString('base64')} ${rank}`);
  }
  return `${lines.join('\n')}\n`;
}
