/**
 * What tells a tile where it lies: an embedding for each canvas and tile, and positions of patches for each canvas,
 * tile and patch. Gates are folded into the tables.
 */
import type { Build } from '../../blocks/build.ts';
import type { Value } from '../../onnx/graph.ts';
import type { TilesPlan } from './vision.ts';

/** `x [tiles, any, width]` plus `tanh(gate) * embedding[aspect, tile]`. */
export function tileEmbeddings(
  build: Build,
  x: Value,
  aspect: Value,
  prefix: string,
  { tiles, width, canvases }: TilesPlan,
): Value {
  const { graph } = build;
  const dims = [canvases.length + 1, tiles * width];
  const table = gatedTable(build, `${prefix}.embedding.weight`, dims, `${prefix}.gate`, (gate) => gate);
  const own = graph.op('Gather', [table, aspect]);
  return graph.op('Add', [x, graph.op('Reshape', [own, graph.integers([tiles, 1, width])])]);
}

/** `x [tiles, patches, width]` plus `(1 − tanh(gate)) * position + tanh(gate) * tile position[aspect]`. */
export function tilePositions(
  build: Build,
  x: Value,
  aspect: Value,
  { tiles, width, canvases }: TilesPlan,
  patches: number,
): Value {
  const { graph } = build;
  const prefix = 'vision_model.gated_positional_embedding';
  const gate = `${prefix}.gate`;
  const positions = gatedTable(build, `${prefix}.embedding`, [patches, width], gate, (open) => 1 - open);
  const dims = [canvases.length + 1, tiles * patches * width];
  const table = gatedTable(build, `${prefix}.tile_embedding.weight`, dims, gate, (open) => open);
  const own = graph.op('Gather', [table, aspect]);
  const placed = graph.op('Add', [x, positions]);
  return graph.op('Add', [placed, graph.op('Reshape', [own, graph.integers([tiles, patches, width])])]);
}

/** A tensor times a function of its gate's tanh. */
function gatedTable(
  { graph, weights }: Build,
  tensor: string,
  dims: readonly number[],
  gate: string,
  factor: (open: number) => number,
): Value {
  const [load, loadGate] = [weights(tensor, dims), weights(gate, [1])];
  return graph.initializer(tensor, 'f32', dims, async () => {
    const scale = factor(Math.tanh((await loadGate())[0]!));
    return (await load()).map((value) => value * scale);
  });
}
