/**
 * The two graphs of Mimi (Défossez et al. 2024, arXiv 2410.00037), both streams: samples → codes, and codes → samples.
 * SEANet, a transformer that sees a window of the past, and a convolution between its rate and that of the frames.
 */
import type { Weights } from '../../blocks/build.ts';
import { convolution1d, transposedConvolution1d } from '../../blocks/convolution-1d.ts';
import { nearestCodes, type ResidualQuantizer, sumOfCodes } from '../../blocks/residual-quantizer.ts';
import { seanetDecoder, seanetEncoder } from '../../blocks/seanet.ts';
import { Stream } from '../../blocks/stream.ts';
import { windowedTransformer } from '../../blocks/windowed-transformer.ts';
import { GraphBuilder, type Value } from '../../onnx/graph.ts';
import type { LoadWeights } from '../../onnx/pieces.ts';
import type { CodecGraph } from '../codec.ts';
import type { MimiConfig } from './config.ts';

export interface MimiPlan extends Omit<MimiConfig, 'codebooks'> {
  /** How many codebooks are used. */
  readonly codebooks: number;
}

type MimiBuild = ReturnType<typeof begin>;

/** The two residual quantisers: both code the same latents, and their sums add up. */
const halves = ['semantic', 'acoustic'] as const;
type Half = (typeof halves)[number];

/** `samples [1, n]` → `codes [1, codebooks, ceil(n / stride)]` i64; every run but the last takes whole frames. */
export function buildEncode(plan: MimiPlan, weights: Weights): CodecGraph {
  const build = begin('audio-encode', weights);
  const { graph, stream } = build;
  const x = latents(build, plan);
  const ids = halves.flatMap((half) => {
    const quantizer = quantizerOf(build, plan, half);
    return quantizer === undefined
      ? []
      : [nearestCodes(build, project(build, x, plan, half, 'input'), quantizer)];
  });
  const all = graph.op('Concat', ids, { axis: 0 });
  const codes = graph.op('Unsqueeze', [all, graph.integers([0])], {}, 'codes');
  graph.output(codes, 'i64', [1, plan.codebooks, 'frames']);
  return { model: graph.build(), states: stream.states };
}

/** The same, but `latents [1, width, frames]` come out. For tests. */
export function buildLatents(plan: MimiPlan, weights: Weights): CodecGraph {
  const build = begin('audio-latents', weights);
  const output = build.graph.op('Identity', [latents(build, plan)], {}, 'latents');
  build.graph.output(output, 'f32', [1, plan.seanet.width, 'frames']);
  return { model: build.graph.build(), states: build.stream.states };
}

/** `codes [1, codebooks, frames]` i64 → `samples [1, frames * stride]`, about −1…1 (not clipped). */
export function buildDecode(plan: MimiPlan, weights: Weights): CodecGraph {
  const build = begin('audio-decode', weights);
  const { graph, stream } = build;
  const codes = graph.input('codes', 'i64', [1, plan.codebooks, 'frames']);
  const sums = halves.flatMap((half) => {
    const quantizer = quantizerOf(build, plan, half);
    if (quantizer === undefined) return [];
    const [from, to] = half === 'semantic' ? [0, plan.semantic] : [plan.semantic, plan.codebooks];
    const own = graph.op('Slice', [codes, graph.integers([from]), graph.integers([to]), graph.integers([1])]);
    return [project(build, sumOfCodes(build, own, quantizer), plan, half, 'output')];
  });
  const { width } = plan.seanet;
  const up = transposedConvolution1d(build, sums.length === 1 ? sums[0]! : graph.op('Add', sums), {
    prefix: 'upsample.conv',
    inputs: width,
    outputs: width,
    stride: plan.positions,
    groups: plan.upsampleGroups,
    bias: false,
    trimRight: plan.positions,
  });
  const samples = seanetDecoder(
    build,
    transform(build, up, plan, 'decoder_transformer'),
    'decoder',
    plan.seanet,
  );
  graph.output(graph.op('Squeeze', [samples, graph.integers([1])], {}, 'samples'), 'f32', [1, 'samples']);
  return { model: graph.build(), states: stream.states };
}

export function quantizerPrefix(half: Half): string {
  return `quantizer.${half}_residual_vector_quantizer`;
}

function begin(name: string, weights: Weights) {
  const graph = new GraphBuilder(name);
  return { graph, weights, stream: new Stream(graph) };
}

function latents(build: MimiBuild, plan: MimiPlan): Value {
  const { graph } = build;
  const { seanet, positions } = plan;
  const samples = graph.input('samples', 'f32', [1, 'samples']);
  const x = seanetEncoder(build, graph.op('Unsqueeze', [samples, graph.integers([1])]), 'encoder', seanet);
  return convolution1d(build, transform(build, x, plan, 'encoder_transformer'), {
    prefix: 'downsample.conv',
    inputs: seanet.width,
    outputs: seanet.width,
    kernel: 2 * positions,
    stride: positions,
    bias: false,
    padding: 'replicate',
    causal: true,
  });
}

/** `[1, width, positions]` there and back. */
function transform(build: MimiBuild, x: Value, { transformer }: MimiPlan, prefix: string): Value {
  const { graph } = build;
  const rows = graph.op('Transpose', [x], { perm: [0, 2, 1] });
  const result = windowedTransformer(build, rows, { ...transformer, prefix });
  return graph.op('Transpose', [result], { perm: [0, 2, 1] });
}

/** From the latents' width to the codes', or back; nothing where they are the same. */
function project(
  build: MimiBuild,
  x: Value,
  plan: MimiPlan,
  half: Half,
  direction: 'input' | 'output',
): Value {
  const { codeWidth, seanet } = plan;
  if (codeWidth === seanet.width) return x;
  const [inputs, outputs] = direction === 'input' ? [seanet.width, codeWidth] : [codeWidth, seanet.width];
  return convolution1d(build, x, {
    prefix: `${quantizerPrefix(half)}.${direction}_proj`,
    inputs,
    outputs,
    kernel: 1,
    bias: false,
    padding: 'constant',
    causal: true,
  });
}

/** Undefined: no codebook of this half is used. */
function quantizerOf({ weights }: MimiBuild, plan: MimiPlan, half: Half): ResidualQuantizer | undefined {
  const { semantic, codebooks: used, codes, codeWidth: width } = plan;
  const length = half === 'semantic' ? semantic : used - semantic;
  if (length === 0) return undefined;
  const load = (index: number): LoadWeights => {
    const prefix = `${quantizerPrefix(half)}.layers.${index}.codebook`;
    const sums = weights(`${prefix}.embed_sum`, [codes, width]);
    const usage = weights(`${prefix}.cluster_usage`, [codes]);
    return async () => means(await sums(), await usage());
  };
  return { name: `${half}.codebook`, codebooks: Array.from({ length }, (_, i) => load(i)), codes, width };
}

/** A code is the mean of what was nearest to it: their sum by their number, which counts as 1e-5 at least. */
function means(sums: Float32Array, usage: Float32Array): Float32Array {
  const width = sums.length / usage.length;
  return sums.map((sum, i) => sum / Math.max(usage[Math.floor(i / width)]!, 1e-5));
}
