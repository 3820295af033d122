/**
 * Samples ⇄ short spectra of a Hann window, four hops long, one hop after the other; and log-mel bands of them.
 * Both directions are causal: a spectrum sees samples up to the end of its hop, and samples come out as soon as no
 * later spectrum reaches them. `samples [1, n]`, n a multiple of the hop.
 */
import type { Value } from '../onnx/graph.ts';
import { weight } from './build.ts';
import { withPast } from './convnext.ts';
import type { StreamBuild } from './stream.ts';

/** Samples of a window, and from one window to the next. */
const window = 640;
export const hop = 160;
/** Samples that a window shares with the ones before it. */
export const overlap = window - hop;
export const bands = 64;
const bins = window / 2 + 1;

/** Numbers of a spectrum: real parts, then imaginary ones (or sizes and phases). */
export const spectrumWidth = 2 * bins;
/** Of what the graphs compute themselves: `forwardBasis`, `inverseBasis`. */
export const basisShape = [spectrumWidth, 1, window] as const;

/** Tensor `matrix [bands, bins]`. */
export function logMel(build: StreamBuild, samples: Value, prefix: string): Value {
  const { graph, stream } = build;
  const matrix = weight(build, `${prefix}.matrix`, [bands, bins]);
  const row = graph.op('Unsqueeze', [samples, graph.integers([1])]);
  const attributes = { kernel_shape: [window], strides: [hop] };
  const spectrum =
    stream === undefined
      ? graph.op('Conv', [row, basis(build)], { ...attributes, pads: [overlap, 0] })
      : graph.op('Conv', [withPast(build, row, 'samples', [1, 1, overlap]), basis(build)], attributes);
  const squares = halves(build, graph.op('Mul', [spectrum, spectrum]));
  const energy = graph.op('Add', [graph.op('Add', squares), graph.floats('mel.least', [], [1e-9])]);
  const heard = graph.op('MatMul', [matrix, graph.op('Sqrt', [energy])]);
  const logarithm = graph.op('Log', [graph.op('Add', [heard, graph.floats('mel.floor', [], [1e-3])])]);
  return graph.op('Div', [logarithm, graph.floats('mel.scale', [], [3])]); // [1, bands, n / hop]
}

/**
 * `[1, 2 bins, count]` logarithms of sizes, then phases → samples. The stream lags by `overlap` samples: as many come
 * before the first real one, and the last ones are the state `overlap`.
 */
export function inverseSpectrum(build: StreamBuild, x: Value, output: string): Value {
  const { graph, stream } = build;
  const [logarithm, phase] = halves(build, x);
  const size = graph.op('Exp', [graph.op('Min', [logarithm, graph.floats('spectrum.most', [], [5])])]);
  const real = graph.op('Mul', [size, graph.op('Cos', [phase])]);
  const imaginary = graph.op('Mul', [size, graph.op('Sin', [phase])]);
  const spectrum = graph.op('Concat', [real, imaginary], { axis: 1 });
  const gains = graph.floats('basis.gains', [spectrumWidth, 1, 1], inverseGains());
  const inverse = graph.op('Mul', [basis(build), gains]);
  const windows = graph.op('ConvTranspose', [spectrum, inverse], { kernel_shape: [window], strides: [hop] });
  // What the run before began is added in front; the end of the last windows is left to the next run.
  const past = stream!.past('overlap', [1, 1, overlap]); // a codec's decoder is always a stream
  const axes = graph.integers([2]);
  const length = graph.op('Shape', [windows], { start: 2, end: 3 });
  const missing = graph.op('Sub', [length, graph.integers([overlap])]);
  const amounts = graph.op('Concat', [graph.integers([0]), missing], { axis: 0 });
  const sum = graph.op('Add', [windows, graph.op('Pad', [past, amounts, undefined, axes])]);
  const end = graph.integers([Number.MAX_SAFE_INTEGER]);
  stream!.present('overlap', graph.op('Slice', [sum, graph.integers([-overlap]), end, axes]));
  const done = graph.op('Slice', [sum, graph.integers([0]), graph.integers([-overlap]), axes]);
  return graph.op('Squeeze', [done, graph.integers([1])], {}, output);
}

function halves({ graph }: StreamBuild, x: Value): readonly [Value, Value] {
  const names = [undefined, undefined] as const;
  return graph.ops('Split', [x, graph.integers([bins, bins])], { axis: 1 }, names);
}

/**
 * The forward basis as a few operators, which ONNX Runtime folds when it opens the graph: as weights it would be
 * 1.6 MB of every bundle. The angle is reduced while it is still a whole number, so float32 is exact enough.
 */
function basis({ graph }: StreamBuild): Value {
  const rows = graph.floats(
    'basis.rows',
    [spectrumWidth, 1, 1],
    ofRows((bin) => bin),
  );
  const quarter = graph.floats(
    'basis.quarter',
    [spectrumWidth, 1, 1],
    ofRows((_, sine) => (sine ? window / 4 : 0)),
  );
  const columns = graph.floats(
    'basis.columns',
    [1, 1, window],
    Float64Array.from({ length: window }, (_, n) => n),
  );
  const hann = graph.floats(
    'basis.hann',
    [1, 1, window],
    Float64Array.from({ length: window }, (_, n) => hannAt(n)),
  );
  const turns = graph.op('Add', [graph.op('Mul', [rows, columns]), quarter]);
  const whole = graph.op('Mod', [turns, graph.floats('basis.window', [], [window])], { fmod: 1 });
  const angle = graph.op('Mul', [whole, graph.floats('basis.step', [], [(2 * Math.PI) / window])]);
  return graph.op('Mul', [graph.op('Cos', [angle]), hann]);
}

/** `basisShape`: cosines, then negative sines, under the window. */
export function forwardBasis(): Float32Array {
  const values = new Float32Array(spectrumWidth * window);
  for (let row = 0; row < spectrumWidth; row++) {
    for (let n = 0; n < window; n++) {
      const turns = ((row % bins) * n + (row < bins ? 0 : window / 4)) % window;
      values[row * window + n] = Math.cos((2 * Math.PI * turns) / window) * hannAt(n);
    }
  }
  return values;
}

/** `basisShape`: the inverse of the forward one, each window under a second Hann window. */
export function inverseBasis(): Float32Array {
  const gains = inverseGains();
  return forwardBasis().map((value, i) => value * gains[Math.floor(i / window)]!);
}

/** All bins but the first and the last stand for two; the squared windows that cover a sample sum to 1.5. */
function inverseGains(): Float64Array {
  return ofRows((bin) => (bin === 0 || bin === bins - 1 ? 1 : 2) / window / 1.5);
}

function ofRows(value: (bin: number, sine: boolean) => number): Float64Array {
  return Float64Array.from({ length: spectrumWidth }, (_, row) => value(row % bins, row >= bins));
}

function hannAt(n: number): number {
  return 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / window);
}
