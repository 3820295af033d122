/**
 * The vision tower of Llama 3.2 Vision: tiles of one picture → states that the text layers look at. A local and a gated
 * global transformer over all tiles at once; states of some local layers go along; a projector ends it.
 */
import { type Build, type Weights, weight } from '../../blocks/build.ts';
import { linear } from '../../blocks/linear.ts';
import { layerNorm } from '../../blocks/transformer.ts';
import { GraphBuilder, type Value } from '../../onnx/graph.ts';
import type { Model } from '../../onnx/model.ts';
import { tileEmbeddings, tilePositions } from './tile-embeddings.ts';
import { visionLayer } from './vision-layer.ts';

export interface TilesPlan {
  readonly width: number;
  readonly heads: number;
  readonly feedForward: number;
  readonly layers: number;
  readonly globalLayers: number;
  /** Local layers whose states go along. */
  readonly kept: readonly number[];
  /** Of a tile and of a patch, pixels. */
  readonly side: number;
  readonly patch: number;
  readonly epsilon: number;
  /** Most tiles of a picture. */
  readonly tiles: number;
  /** Rows and columns of tiles; a canvas's number, from 1, is its place here. */
  readonly canvases: readonly (readonly [number, number])[];
}

/** Patches of a tile and its class token. */
export function patchesOf({ side, patch }: Pick<TilesPlan, 'side' | 'patch'>): number {
  return (side / patch) ** 2 + 1;
}

/**
 * `pixels [tiles, 3, side, side]`, `aspect [1]` → `embeddings [1, used tiles * patches, textWidth]`.
 * Tiles that are not in use are computed too: as in the reference, patches of the picture attend to what pads it, and only
 * padding is hidden from padding.
 */
export function buildVision(plan: TilesPlan, textWidth: number, weights: Weights): Model {
  const graph = new GraphBuilder('image-understand');
  const build: Build = { graph, weights };
  const { width, tiles, side, epsilon } = plan;
  const patches = patchesOf(plan);
  const padded = Math.ceil(patches / 8) * 8;
  const pixels = graph.input('pixels', 'f32', [tiles, 3, side, side]);
  const aspect = graph.input('aspect', 'i64', [1]);
  const asTiles = (x: Value): Value => graph.op('Reshape', [x, graph.integers([tiles, padded, width])]);
  const asOne = (x: Value): Value => graph.op('Reshape', [x, graph.integers([1, tiles * padded, width])]);

  let x = tilePositions(build, embedPatches(build, pixels, aspect, plan), aspect, plan, patches);
  x = layerNorm(build, x, 'vision_model.layernorm_pre', width);
  x = asOne(graph.op('Pad', [x, graph.integers([0, 0, 0, 0, padded - patches, 0])]));
  const bias = paddingBias(build, aspect, plan, patches, padded);
  const layer = (index: number, gated: boolean): void => {
    const part = gated ? 'global_transformer' : 'transformer';
    x = visionLayer(build, x, {
      ...plan,
      prefix: `vision_model.${part}.layers.${index}`,
      gated,
      bias,
      epsilon,
    });
  };
  const states: Value[] = [];
  for (let index = 0; index < plan.layers; index++) {
    layer(index, false);
    if (plan.kept.includes(index)) states[plan.kept.indexOf(index)] = x;
  }
  x = asTiles(layerNorm(build, x, 'vision_model.layernorm_post', width));
  x = asOne(tileEmbeddings(build, x, aspect, 'vision_model.post_tile_positional_embedding', plan));
  for (let index = 0; index < plan.globalLayers; index++) layer(index, true);

  const counts = [1, ...plan.canvases.map(([rows, columns]) => rows * columns)];
  const used = graph.op('Gather', [graph.integers(counts), aspect]);
  const ends = graph.op('Concat', [used, graph.integers([patches])], { axis: 0 });
  const cut = (state: Value): Value =>
    graph.op('Slice', [asTiles(state), graph.integers([0, 0]), ends, graph.integers([0, 1])]);
  const all = graph.op('Concat', [x, ...states].map(cut), { axis: 2 });
  const line = graph.op('Reshape', [all, graph.integers([1, -1, width * (1 + states.length)])]);
  const embeddings = project(build, line, plan, textWidth);
  graph.output(embeddings, 'f32', [1, 'positions', textWidth]);
  return graph.build();
}

/** `[tiles, patches, width]`: patches of every tile, where the tile lies, and a class token before them. */
function embedPatches(build: Build, pixels: Value, aspect: Value, plan: TilesPlan): Value {
  const { graph } = build;
  const { width, patch, tiles } = plan;
  const patches = patchesOf(plan) - 1;
  const kernel = weight(build, 'vision_model.patch_embedding.weight', [width, 3, patch, patch]);
  let x = graph.op('Conv', [pixels, kernel], { kernel_shape: [patch, patch], strides: [patch, patch] });
  x = graph.op('Reshape', [x, graph.integers([tiles, width, patches])]);
  x = graph.op('Transpose', [x], { perm: [0, 2, 1] });
  x = tileEmbeddings(build, x, aspect, 'vision_model.pre_tile_positional_embedding', plan);
  const first = weight(build, 'vision_model.class_embedding', [width]);
  return graph.op('Concat', [graph.op('Expand', [first, graph.integers([tiles, 1, width])]), x], { axis: 1 });
}

/** For every tile `[1, 1, padded, all]`: very negative from padding to padding, else 0. */
function paddingBias(
  { graph }: Build,
  aspect: Value,
  { tiles, canvases }: TilesPlan,
  patches: number,
  padded: number,
): Value[] {
  const counts = [1, ...canvases.map(([rows, columns]) => rows * columns)];
  const all = tiles * padded;
  const rows = counts.flatMap((count) =>
    Array.from({ length: all }, (_, at) =>
      at % padded >= patches || Math.floor(at / padded) >= count ? 1 : 0,
    ),
  );
  const table = graph.floats('padding', [counts.length, all], rows);
  const own = graph.op('Gather', [table, aspect]);
  const across = graph.op('Mul', [
    graph.op('Reshape', [own, graph.integers([1, 1, 1, all])]),
    graph.floats('hidden', [], [-1e30]),
  ]);
  const down = graph.op('Reshape', [own, graph.integers([tiles, 1, padded, 1])]);
  return graph
    .ops('Split', [down], { axis: 0, num_outputs: tiles }, Array<undefined>(tiles).fill(undefined))
    .map((tile) => graph.op('Mul', [tile, across]));
}

/**
 * The checkpoint's projector takes the last state, then channel by channel all states that go along; here they come
 * state by state, so its columns are put in that order.
 */
function project(build: Build, x: Value, { width, kept }: TilesPlan, textWidth: number): Value {
  const name = 'multi_modal_projector';
  const inputs = width * (1 + kept.length);
  const reorder = (matrix: Float32Array): Float32Array =>
    matrix.map((_, at) => {
      const [row, column] = [Math.floor(at / inputs), at % inputs];
      if (column < width) return matrix[at]!;
      const [state, channel] = [Math.floor(column / width) - 1, column % width];
      return matrix[row * inputs + width + channel * kept.length + state]!;
    });
  const weights: Weights = (tensor, shape) => {
    const load = build.weights(tensor, shape);
    return shape.length === 2 ? async () => reorder(await load()) : load;
  };
  const part = { tensor: `${name}.weight`, outputs: textWidth, bias: `${name}.bias` };
  return linear({ ...build, weights }, x, name, inputs, [part], 'embeddings');
}
