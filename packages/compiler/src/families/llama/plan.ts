/**
 * What a Llama-shaped decoder is, whatever file says so: `config.json` (`hugging-face.ts`) or a GGUF header.
 * Tensors go by the names below; each source knows what it calls them.
 */
import type { RopeScaling } from '../../blocks/rope-scaling.ts';

export interface LlamaPlan {
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headWidth: number;
  readonly feedForward: number;
  /** Positions the model may read. */
  readonly context: number;
  readonly theta: number;
  readonly scaling: RopeScaling;
  readonly normEpsilon: number;
  /** RMS norm of queries and keys per head (Qwen3). */
  readonly qkNorm: boolean;
  /** Layer norm of queries and keys, each head with weights of its own (Chameleon). */
  readonly qkLayerNorm?: boolean | undefined;
  /** The norms of a layer stand after attention and feed-forward, not before (Chameleon 30B). */
  readonly normAfter?: boolean | undefined;
  /** Which linears have a bias. */
  readonly bias: { readonly qkv: boolean; readonly out: boolean; readonly feedForward: boolean };
  /** Rows of the embedding table, and of the head. */
  readonly vocabulary: number;
  /** The head is the embedding table. */
  readonly tied: boolean;
}

/** Parts of a layer: `layers.N.` comes before, `.weight` or `.bias` after. */
export const layerParts = [
  'attention.norm',
  'attention.q',
  'attention.k',
  'attention.v',
  'attention.o',
  'attention.q_norm',
  'attention.k_norm',
  'feed_forward.norm',
  'feed_forward.gate',
  'feed_forward.up',
  'feed_forward.down',
] as const;

export type LayerPart = (typeof layerParts)[number];

/** What a source calls the tensors. */
export interface TensorNames {
  readonly embedding: string;
  readonly head: string;
  readonly norm: string;
  /** `layers.3.attention.q.bias` is `layer(3, 'attention.q') + '.bias'`. */
  layer(index: number, part: LayerPart): string;
}

/** The name in the checkpoint of a name of the graph. */
export function renameTensor(names: TensorNames, name: string): string {
  if (name === 'norm.weight') return names.norm;
  const [, index, part, kind] = /^layers\.(\d+)\.(.+)\.(weight|bias)$/.exec(name)!; // the graph asks for no other names
  return `${names.layer(Number(index), part as LayerPart)}.${kind}`;
}
