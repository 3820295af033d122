/**
 * Padding of `[1, channels, length]` before a convolution, as EnCodec and Mimi do it: on the left what the kernel
 * reaches back to (or half of it on each side), on the right what the length lacks to a multiple of the stride.
 */
import type { Value } from '../onnx/graph.ts';
import type { StreamBuild } from './stream.ts';

/** `reflect` mirrors without repeating the edge; what is too short for that is first filled up with zeros. */
export type PaddingMode = 'reflect' | 'constant' | 'replicate';

export interface Padding {
  /** Names the state that holds the left context. */
  readonly name: string;
  readonly channels: number;
  /** Positions of the kernel beyond the stride: `(kernel − 1) * dilation + 1 − stride`. */
  readonly reach: number;
  readonly stride: number;
  readonly mode: PaddingMode;
  readonly causal: boolean;
}

const operatorModes = { reflect: 'reflect', constant: 'constant', replicate: 'edge' } as const;

/** With a stream (causal only), the left context comes from the runs before, and from the mode in the first one. */
export function pad(build: StreamBuild, x: Value, padding: Padding): Value {
  if (padding.reach === 0 && padding.stride === 1) return x;
  return build.stream === undefined ? padWhole(build, x, padding) : padStream(build, x, padding);
}

function padWhole({ graph }: StreamBuild, x: Value, { reach, stride, mode, causal }: Padding): Value {
  const before = causal ? reach : reach - Math.floor(reach / 2);
  const after = graph.op('Add', [graph.integers([reach - before]), missing({ graph }, x, stride)]);
  const axes = graph.integers([2]);
  const amounts = graph.op('Concat', [graph.integers([before]), after], { axis: 0 });
  if (mode !== 'reflect') {
    return graph.op('Pad', [x, amounts, undefined, axes], { mode: operatorModes[mode] });
  }
  // Reflection needs more positions than it pads: zeros are added to what is shorter, and go again afterwards.
  const length = graph.op('Shape', [x], { start: 2, end: 3 });
  const needed = graph.op('Add', [graph.op('Max', [graph.integers([before]), after]), graph.integers([1])]);
  const short = graph.op('Max', [graph.op('Sub', [needed, length]), graph.integers([0])]);
  const filling = graph.op('Concat', [graph.integers([0]), short], { axis: 0 });
  const filled = graph.op('Pad', [x, filling, undefined, axes]);
  const padded = graph.op('Pad', [filled, amounts, undefined, axes], { mode: 'reflect' });
  const end = graph.op('Add', [length, graph.op('Add', [graph.integers([before]), after])]);
  return graph.op('Slice', [padded, graph.integers([0]), end, axes]);
}

function padStream(build: StreamBuild, x: Value, padding: Padding): Value {
  const { graph, stream } = build;
  const { name, channels, reach, stride, mode } = padding;
  const axes = graph.integers([2]);
  let whole = x;
  if (reach > 0) {
    const past = stream!.past(name, [1, channels, reach]); // `pad` comes here only with a stream
    const left = mode === 'constant' ? past : leftContext(build, x, past, padding);
    whole = graph.op('Concat', [left, x], { axis: 2 });
    const last = [graph.integers([-reach]), graph.integers([Number.MAX_SAFE_INTEGER]), axes];
    stream!.present(name, graph.op('Slice', [whole, ...last]));
  }
  if (stride === 1) return whole;
  const after = missing(build, x, stride);
  if (mode === 'reflect') return reflectRight(build, x, whole, after, stride);
  const amounts = graph.op('Concat', [graph.integers([0]), after], { axis: 0 });
  return graph.op('Pad', [whole, amounts, undefined, axes], { mode: operatorModes[mode] });
}

/** The past, or what the mode makes of the first positions: mirrored (zeros beyond a short x), or the first repeated. */
function leftContext({ graph, stream }: StreamBuild, x: Value, past: Value, padding: Padding): Value {
  const { channels, reach, mode } = padding;
  const axes = graph.integers([2]);
  if (mode === 'replicate') {
    const first = graph.op('Slice', [x, graph.integers([0]), graph.integers([1]), axes]);
    const repeated = graph.op('Expand', [first, graph.integers([1, channels, reach])]);
    return graph.op('Where', [stream!.begun(), past, repeated]);
  }
  const filled = graph.op('Pad', [x, graph.integers([0, reach + 1]), undefined, axes]);
  const backwards = [graph.integers([reach]), graph.integers([0]), axes, graph.integers([-1])];
  return graph.op('Where', [stream!.begun(), past, graph.op('Slice', [filled, ...backwards])]);
}

/**
 * Mirrors the last `after` positions of `whole`. A kernel is twice as long as its stride, so `whole` has enough of them;
 * where no run came before and x is no longer than the stride, the mirror would lie in the zeros that fill up x.
 */
function reflectRight({ graph, stream }: StreamBuild, x: Value, whole: Value, after: Value, stride: number) {
  const axes = graph.integers([2]);
  const length = graph.op('Shape', [x], { start: 2, end: 3 });
  const enough = graph.op('Or', [stream!.begun(), graph.op('Greater', [length, graph.integers([stride])])]);
  const end = graph.op('Sub', [graph.integers([-2]), after]);
  const mirrored = graph.op('Slice', [whole, graph.integers([-2]), end, axes, graph.integers([-1])]);
  const right = graph.op('Mul', [mirrored, graph.op('Cast', [enough], { to: 1 })]);
  return graph.op('Concat', [whole, right], { axis: 2 });
}

/** i64 `[1]`: how many positions x lacks to a multiple of the stride. */
function missing({ graph }: Pick<StreamBuild, 'graph'>, x: Value, stride: number): Value {
  if (stride === 1) return graph.integers([0]);
  const length = graph.op('Shape', [x], { start: 2, end: 3 });
  return graph.op('Mod', [graph.op('Neg', [length]), graph.integers([stride])]);
}
