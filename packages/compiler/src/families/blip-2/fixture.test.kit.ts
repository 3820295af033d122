/**
 * For tests: the tiny checkpoints of `fixtures/blip-2/`, and what transformers made of them.
 */
import { join } from 'node:path';
import { openSafetensors } from '../../safetensors/file.ts';

export const blip2Fixtures = join(import.meta.dirname, '../../../fixtures/blip-2');

export interface Recorded {
  /** `[3, side, side]`. */
  readonly pixels: Float32Array;
  /** `[queries, width]`. */
  readonly embeddings: Float32Array;
  /** The placeholders of the picture, the first token, and a text. */
  readonly ids: Uint32Array;
  /** `[ids.length, vocabulary]`. */
  readonly logits: Float32Array;
  /** The ids that follow greedily. */
  readonly greedy: readonly number[];
}

export async function readRecorded(name: string): Promise<Recorded> {
  const reader = await openSafetensors(join(blip2Fixtures, name, 'cases.safetensors'));
  const recorded = {
    pixels: await reader.read('pixels'),
    embeddings: await reader.read('embeddings'),
    ids: Uint32Array.from(await reader.read('ids')),
    logits: await reader.read('logits'),
    greedy: [...(await reader.read('greedy'))],
  };
  await reader.close();
  return recorded;
}
