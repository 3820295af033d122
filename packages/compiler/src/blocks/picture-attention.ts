/**
 * Attention of one head among all places of a feature map: group norm, three 1×1 convolutions, and the result added to
 * what came in. Part of VQGAN's networks, which it makes global.
 */
import type { Value } from '../onnx/graph.ts';
import type { Build } from './build.ts';
import { convolution } from './convolution.ts';
import { groupNorm } from './norm.ts';

/** `x [1, channels, rows, columns]` → the same shape. Tensors: `norm`, `q`, `k`, `v`, `proj_out`. */
export function pictureAttention(
  build: Build,
  x: Value,
  prefix: string,
  channels: number,
  groups: number,
): Value {
  const { graph } = build;
  const normed = groupNorm(build, x, `${prefix}.norm`, channels, groups);
  const flat = graph.integers([0, channels, -1]);
  const project = (name: string, of: Value): Value =>
    convolution(build, of, { prefix: `${prefix}.${name}`, inputs: channels, outputs: channels, kernel: 1 });
  const places = (name: string): Value => graph.op('Reshape', [project(name, normed), flat]); // [1, channels, places]
  const query = graph.op('Mul', [places('q'), graph.floats(`root.${channels}`, [1], [channels ** -0.5])]);
  const scores = graph.op('MatMul', [graph.op('Transpose', [query], { perm: [0, 2, 1] }), places('k')]);
  const weights = graph.op('Transpose', [graph.op('Softmax', [scores], { axis: -1 })], { perm: [0, 2, 1] });
  const mixed = graph.op('MatMul', [places('v'), weights]);
  const back = graph.op('Reshape', [mixed, graph.op('Shape', [x])]);
  return graph.op('Add', [x, project('proj_out', back)]);
}
