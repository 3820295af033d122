/**
 * The two graphs of EnCodec (Défossez et al. 2022, arXiv 2210.13438): samples → codes, and codes → samples. Causal
 * networks are built as streams; the others, and those that trim on the left, take everything in one run.
 */
import type { Build, Weights } from '../../blocks/build.ts';
import { nearestCodes, type ResidualQuantizer, sumOfCodes } from '../../blocks/residual-quantizer.ts';
import { type SeanetPlan, seanetDecoder, seanetEncoder } from '../../blocks/seanet.ts';
import { Stream, type StreamBuild } from '../../blocks/stream.ts';
import { GraphBuilder, type Value } from '../../onnx/graph.ts';
import type { LoadWeights } from '../../onnx/pieces.ts';
import type { CodecGraph } from '../codec.ts';

export interface CodecPlan {
  readonly seanet: SeanetPlan;
  /** Ids of one codebook, and how many codebooks are used. */
  readonly codes: number;
  readonly codebooks: number;
}

export function canStream({ causal, trimRight }: SeanetPlan): boolean {
  return causal && trimRight === 1;
}

/** `samples [1, n]` → `codes [1, codebooks, ceil(n / stride)]` i64; of a stream, every run but the last whole frames. */
export function buildEncode(plan: CodecPlan, weights: Weights): CodecGraph {
  const build = begin('audio-encode', plan, weights);
  const { graph } = build;
  const ids = nearestCodes(build, latents(build, plan), quantizer(plan, build));
  graph.output(graph.op('Unsqueeze', [ids, graph.integers([0])], {}, 'codes'), 'i64', [
    1,
    plan.codebooks,
    'frames',
  ]);
  return { model: graph.build(), states: build.stream?.states };
}

/** The same, but `latents [1, width, frames]` come out. For tests. */
export function buildLatents(plan: CodecPlan, weights: Weights): CodecGraph {
  const build = begin('audio-latents', plan, weights);
  const output = build.graph.op('Identity', [latents(build, plan)], {}, 'latents');
  build.graph.output(output, 'f32', [1, plan.seanet.width, 'frames']);
  return { model: build.graph.build(), states: build.stream?.states };
}

/** `codes [1, codebooks, frames]` i64 → `samples [1, frames * stride]`, about −1…1 (not clipped). */
export function buildDecode(plan: CodecPlan, weights: Weights): CodecGraph {
  const build = begin('audio-decode', plan, weights);
  const { graph } = build;
  const codes = graph.input('codes', 'i64', [1, plan.codebooks, 'frames']);
  const x = sumOfCodes(build, codes, quantizer(plan, build));
  const samples = seanetDecoder(build, x, 'decoder', plan.seanet);
  graph.output(graph.op('Squeeze', [samples, graph.integers([1])], {}, 'samples'), 'f32', [1, 'samples']);
  return { model: graph.build(), states: build.stream?.states };
}

/** The codebook `index` of a checkpoint. */
export function codebookTensor(index: number): string {
  return `quantizer.layers.${index}.codebook.embed`;
}

function begin(name: string, { seanet }: CodecPlan, weights: Weights): StreamBuild {
  const graph = new GraphBuilder(name);
  return { graph, weights, stream: canStream(seanet) ? new Stream(graph) : undefined };
}

function latents(build: StreamBuild, { seanet }: CodecPlan): Value {
  const { graph } = build;
  const samples = graph.input('samples', 'f32', [1, 'samples']);
  return seanetEncoder(build, graph.op('Unsqueeze', [samples, graph.integers([1])]), 'encoder', seanet);
}

function quantizer({ codes, codebooks, seanet }: CodecPlan, { weights }: Build): ResidualQuantizer {
  const { width } = seanet;
  const load = (index: number): LoadWeights => weights(codebookTensor(index), [codes, width]);
  return {
    name: 'codebook',
    codebooks: Array.from({ length: codebooks }, (_, index) => load(index)),
    codes,
    width,
  };
}
