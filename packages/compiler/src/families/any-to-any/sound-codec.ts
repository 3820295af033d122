/**
 * The two graphs of the sound codec, both streams: samples → codes of a residual quantiser, and codes → samples.
 * Causal throughout (ConvNeXt blocks, inverse STFT by overlap-add as Vocos, Siuzdak 2023, arXiv 2306.00814).
 */
import type { Weights } from '../../blocks/build.ts';
import { convNextBlock } from '../../blocks/convnext.ts';
import { nearestCodes, type ResidualQuantizer, sumOfCodes } from '../../blocks/residual-quantizer.ts';
import { bands, hop, inverseSpectrum, logMel, spectrumWidth } from '../../blocks/spectrum.ts';
import { Stream, type StreamBuild, type StreamState } from '../../blocks/stream.ts';
import { affine, layerNorm } from '../../blocks/transformer.ts';
import { GraphBuilder, type Value } from '../../onnx/graph.ts';
import type { Model } from '../../onnx/model.ts';
import type { SoundCodecConfig } from './sound-config.ts';

/** Hz. */
export const soundRate = 16_000;
/** Short spectra of one frame. */
const spectra = 2;
/** Samples of one frame. */
export const codecStride = spectra * hop;

export interface StreamModel {
  readonly model: Model;
  readonly states: readonly StreamState[];
}

/** `samples [1, n]`, n a multiple of 320 → `codes [1, codebooks, n / 320]`. */
export function buildSoundEncode(config: SoundCodecConfig, weights: Weights): StreamModel {
  const build = begin('audio-encode', weights);
  const { graph, stream } = build;
  const { encoderWidth: width, encoderBlocks, codeWidth } = config;
  const samples = graph.input('samples', 'f32', [1, 'samples']);
  const mel = graph.op('Transpose', [logMel(build, samples, 'encoder.mel')], { perm: [0, 2, 1] });
  const frames = graph.op('Reshape', [mel, graph.integers([1, -1, spectra * bands])]);
  let x = affine(build, frames, 'encoder.enter', spectra * bands, width);
  x = blocks(build, x, 'encoder.blocks', width, encoderBlocks);
  x = affine(build, layerNorm(build, x, 'encoder.norm', width), 'encoder.leave', width, codeWidth);
  const columns = graph.op('Transpose', [x], { perm: [0, 2, 1] });
  const chosen = nearestCodes(build, columns, quantizer(config, weights));
  const codes = graph.op('Unsqueeze', [chosen, graph.integers([0])], {}, 'codes');
  graph.output(codes, 'i64', [1, config.codebooks, 'frames']);
  return { model: graph.build(), states: stream.states };
}

/** `codes [1, codebooks, frames]` → `samples [1, frames * 320]`, `delay` samples late. */
export function buildSoundDecode(config: SoundCodecConfig, weights: Weights): StreamModel {
  const build = begin('audio-decode', weights);
  const { graph, stream } = build;
  const { decoderWidth: width, decoderBlocks, codeWidth } = config;
  const codes = graph.input('codes', 'i64', [1, config.codebooks, 'frames']);
  const vectors = graph.op('Transpose', [sumOfCodes(build, codes, quantizer(config, weights))], {
    perm: [0, 2, 1],
  });
  let x = affine(build, vectors, 'decoder.enter', codeWidth, width);
  x = blocks(build, x, 'decoder.blocks', width, decoderBlocks);
  x = affine(
    build,
    layerNorm(build, x, 'decoder.norm', width),
    'decoder.leave',
    width,
    spectra * spectrumWidth,
  );
  x = graph.op('Reshape', [x, graph.integers([1, -1, spectrumWidth])]);
  x = graph.op('Transpose', [x], { perm: [0, 2, 1] });
  graph.output(inverseSpectrum(build, x, 'samples'), 'f32', [1, 'samples']);
  return { model: graph.build(), states: stream.states };
}

function begin(name: string, weights: Weights): StreamBuild & { readonly stream: Stream } {
  const graph = new GraphBuilder(name);
  return { graph, weights, stream: new Stream(graph) };
}

function blocks(build: StreamBuild, x: Value, prefix: string, width: number, count: number): Value {
  let result = x;
  for (let i = 0; i < count; i++) {
    const block = { prefix: `${prefix}.${i}`, width, kernel: 7, causal: true, hidden: 3 * width };
    result = convNextBlock(build, result, block);
  }
  return result;
}

function quantizer(
  { codes, codebooks, codeWidth: width }: SoundCodecConfig,
  weights: Weights,
): ResidualQuantizer {
  const tables = Array.from({ length: codebooks }, (_, i) =>
    weights(`codebooks.${i}.weight`, [codes, width]),
  );
  return { name: 'codebooks', codebooks: tables, codes, width };
}
