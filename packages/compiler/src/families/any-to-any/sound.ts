/**
 * The modalities that are sound: their graphs, and what the manifest says of them.
 */
import type { PortDescription } from '@any-to-any/core';
import { basisShape, forwardBasis, inverseBasis, overlap } from '../../blocks/spectrum.ts';
import type { Model } from '../../onnx/model.ts';
import type { Ledger } from '../ledger.ts';
import { graphOutput, type Output } from '../output.ts';
import type { Config, Modality } from './config.ts';
import { buildSoundDecode, buildSoundEncode, codecStride, soundRate } from './sound-codec.ts';
import type { SoundCodecConfig, SoundEncoderConfig } from './sound-config.ts';
import { buildSoundEncoder, embeddingStride } from './sound-encoder.ts';

type PluginUse = NonNullable<PortDescription['tokenizer']>;

const plugin = '@any-to-any/tokenizer-audio';
const files = {
  encode: 'audio-encode.onnx',
  decode: 'audio-decode.onnx',
  understand: 'audio-understand.onnx',
} as const;

/** The codec's two graphs; `small`: decoding keeps 16-bit weights. */
export async function codecOutputs(
  config: SoundCodecConfig,
  small: boolean,
  open: (stem: string) => Promise<Ledger>,
): Promise<Output[]> {
  const ledger = await open('audio-tokenizer');
  await ledger.constant('encoder.mel.basis', basisShape, forwardBasis());
  await ledger.constant('decoder.inverse.basis', basisShape, inverseBasis());
  const outputs = [
    graphOutput(files.encode, buildSoundEncode(config, ledger.weights).model),
    graphOutput(files.decode, buildSoundDecode(config, ledger.weights).model, small),
  ];
  ledger.check();
  return outputs;
}

export async function soundEncoderModel(
  encoder: SoundEncoderConfig,
  decoderWidth: number,
  small: boolean,
  open: (stem: string) => Promise<Ledger>,
): Promise<{ readonly model: Model; readonly output: Output }> {
  const ledger = await open('audio-encoder');
  await ledger.constant('mel.basis', basisShape, forwardBasis());
  const model = buildSoundEncoder({ ...encoder, decoderWidth }, ledger.weights);
  ledger.check();
  return { model, output: graphOutput(files.understand, model, small) };
}

/** The options of the tokenizer plugin. */
export function describeCodec(config: SoundCodecConfig, { layout }: Modality): PluginUse {
  const { codes, codebooks, arrangement = 'flattened' } = config;
  const { kind: _, ...line } = layout;
  const without = () => () => new Float32Array(); // only the states are wanted
  const stream = (graph: string, build: typeof buildSoundEncode) => {
    const states = build(config, without).states.map(({ name, type, shape }) => ({
      name,
      type,
      shape: [...shape],
    }));
    return { streaming: true, graph, states };
  };
  return {
    plugin,
    options: {
      kind: 'codec',
      rate: soundRate,
      stride: codecStride,
      size: codes,
      codebooks,
      arrangement,
      ...line,
      encode: stream(files.encode, buildSoundEncode),
      decode: { ...stream(files.decode, buildSoundDecode), delay: overlap, tail: 'overlap' },
    },
  };
}

export function describeSoundEncoder(
  { longest }: SoundEncoderConfig,
  { layout }: Modality,
  { width, context }: Config['decoder'],
): PluginUse {
  const { kind: _, ...line } = layout;
  return {
    plugin,
    options: {
      kind: 'sound',
      rate: soundRate,
      stride: embeddingStride,
      width,
      ...line,
      graph: files.understand,
      longest: longest ?? (context * embeddingStride) / soundRate,
    },
  };
}
