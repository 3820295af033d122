/**
 * Layers of LSTM (Hochreiter & Schmidhuber 1997) with PyTorch's parameters, over `[1, width, length]`, and what goes in
 * is added to what comes out: `x + lstm(x)`.
 */
import type { Value } from '../onnx/graph.ts';
import type { LoadWeights } from '../onnx/pieces.ts';
import type { StreamBuild } from './stream.ts';

export interface Lstm {
  /** Prefix of `weight_ih_l0 [4 width, width]`, `weight_hh_l0`, `bias_ih_l0 [4 width]`, `bias_hh_l0`, … */
  readonly prefix: string;
  readonly width: number;
  readonly layers: number;
}

export function residualLstm(build: StreamBuild, x: Value, { prefix, width, layers }: Lstm): Value {
  const { graph } = build;
  let sequence = graph.op('Transpose', [x], { perm: [2, 0, 1] }); // [length, 1, width]
  for (let layer = 0; layer < layers; layer++) sequence = lstmLayer(build, sequence, prefix, width, layer);
  return graph.op('Add', [x, graph.op('Transpose', [sequence], { perm: [1, 2, 0] })]);
}

function lstmLayer(build: StreamBuild, sequence: Value, prefix: string, width: number, layer: number): Value {
  const { graph, weights, stream } = build;
  const tensor = (name: string) => `${prefix}.${name}_l${layer}`;
  const matrix = (name: string): Value =>
    graph.initializer(
      tensor(name),
      'f32',
      [1, 4 * width, width],
      reordered(weights(tensor(name), [4 * width, width]), width * width),
    );
  const biases = ['bias_ih', 'bias_hh'].map((name) => reordered(weights(tensor(name), [4 * width]), width));
  const bias = graph.initializer(tensor('bias'), 'f32', [1, 8 * width], async () => {
    const [inputs, hidden] = await Promise.all(biases.map((load) => load()));
    return Float32Array.of(...inputs!, ...hidden!);
  });
  const state = [1, 1, width];
  const hidden = stream?.past(tensor('hidden'), state);
  const cell = stream?.past(tensor('cell'), state);
  const inputs = [sequence, matrix('weight_ih'), matrix('weight_hh'), bias, undefined, hidden, cell];
  const names = [undefined, undefined, undefined] as const;
  const [output, lastHidden, lastCell] = graph.ops('LSTM', inputs, { hidden_size: width }, names);
  stream?.present(tensor('hidden'), lastHidden);
  stream?.present(tensor('cell'), lastCell);
  return graph.op('Squeeze', [output, graph.integers([1])]); // the axis of directions
}

/** Gates from PyTorch's order (input, forget, cell, output) to ONNX's (input, output, forget, cell). */
function reordered(load: LoadWeights, gate: number): () => Promise<Float32Array> {
  return async () => {
    const from = await load();
    const to = new Float32Array(from.length);
    [0, 3, 1, 2].forEach((source, i) => {
      to.set(from.subarray(source * gate, (source + 1) * gate), i * gate);
    });
    return to;
  };
}
