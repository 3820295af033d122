/**
 * SEANet (Tagliasacchi et al. 2020, arXiv 2009.02095) as EnCodec and Mimi have it: samples → latents by strided
 * convolutions between residual blocks, and latents → samples the other way round.
 */
import type { Value } from '../onnx/graph.ts';
import { type Convolution1d, convolution1d, reachOf, transposedConvolution1d } from './convolution-1d.ts';
import { residualLstm } from './lstm.ts';
import type { PaddingMode } from './padding.ts';
import type { StreamBuild } from './stream.ts';

export interface SeanetPlan {
  /** Channels at the samples' rate; every stride doubles them. */
  readonly filters: number;
  /** Channels of the latents. */
  readonly width: number;
  /** Strides in the order of the decoder. */
  readonly ratios: readonly number[];
  readonly kernel: number;
  readonly lastKernel: number;
  readonly residualKernel: number;
  /** Residual blocks per stride; block j has the dilation `dilationGrowth ** j`. */
  readonly residualBlocks: number;
  readonly dilationGrowth: number;
  /** By how much a residual block is narrower inside. */
  readonly compress: number;
  /** Whether the shortcut of a residual block is a convolution, or nothing. */
  readonly shortcut: boolean;
  /** 0: there is none. */
  readonly lstmLayers: number;
  readonly padding: PaddingMode;
  readonly causal: boolean;
  /** Of what transposed convolutions make too much, the part that is cut off at the end, 0…1. */
  readonly trimRight: number;
}

/** What a network is made of, in order, numbered as the checkpoint numbers it. */
type Layer =
  | { readonly kind: 'convolution'; readonly options: Convolution1d }
  | {
      readonly kind: 'residual';
      readonly inner: readonly Convolution1d[];
      readonly shortcut?: Convolution1d | undefined;
    }
  | {
      readonly kind: 'transposed';
      readonly prefix: string;
      readonly channels: number;
      readonly stride: number;
    }
  | { readonly kind: 'lstm'; readonly prefix: string; readonly channels: number }
  | { readonly kind: 'elu' };

/** `samples [1, 1, n]` → latents `[1, width, ceil(n / product of ratios)]`. */
export function seanetEncoder(build: StreamBuild, x: Value, prefix: string, plan: SeanetPlan): Value {
  return encoderLayers(prefix, plan).reduce((value, layer) => addLayer(build, value, layer, plan), x);
}

/** Latents `[1, width, frames]` → `samples [1, 1, frames * product of ratios]`. */
export function seanetDecoder(build: StreamBuild, x: Value, prefix: string, plan: SeanetPlan): Value {
  return decoderLayers(prefix, plan).reduce((value, layer) => addLayer(build, value, layer, plan), x);
}

/**
 * Fewest frames that the first run of a stream of reflected padding needs, `[encoder, decoder]`: a mirror needs one
 * position more than it pads, at the rate of each convolution. With 7 taps in front of the latents that makes 7.
 */
export function framesToBegin(plan: SeanetPlan): readonly [number, number] {
  const frame = plan.ratios.reduce((product, ratio) => product * ratio, 1);
  const needed = (layers: readonly Layer[], rate: number): number => {
    let perFrame = rate; // positions of a frame before the layer
    let most = 1;
    for (const layer of layers) {
      for (const convolution of convolutionsOf(layer)) {
        most = Math.max(most, Math.ceil((reachOf(convolution) + 1) / perFrame));
        perFrame /= convolution.stride ?? 1;
      }
      if (layer.kind === 'transposed') perFrame *= layer.stride;
    }
    return most;
  };
  return [needed(encoderLayers('', plan), frame), needed(decoderLayers('', plan), 1)];
}

function convolutionsOf(layer: Layer): readonly Convolution1d[] {
  if (layer.kind === 'convolution') return [layer.options];
  return layer.kind === 'residual' ? layer.inner : [];
}

function encoderLayers(prefix: string, plan: SeanetPlan): Layer[] {
  const { filters, width, ratios, kernel, lastKernel } = plan;
  const layers = new Layers(prefix, plan);
  layers.convolution(1, filters, kernel);
  let channels = filters;
  for (const stride of [...ratios].reverse()) {
    layers.residuals(channels);
    layers.elu();
    layers.convolution(channels, 2 * channels, 2 * stride, stride);
    channels *= 2;
  }
  layers.lstm(channels);
  layers.elu();
  layers.convolution(channels, width, lastKernel);
  return layers.list;
}

function decoderLayers(prefix: string, plan: SeanetPlan): Layer[] {
  const { filters, width, ratios, kernel, lastKernel } = plan;
  const layers = new Layers(prefix, plan);
  let channels = filters * 2 ** ratios.length;
  layers.convolution(width, channels, kernel);
  layers.lstm(channels);
  for (const stride of ratios) {
    layers.elu();
    layers.transposed(channels, stride);
    channels /= 2;
    layers.residuals(channels);
  }
  layers.elu();
  layers.convolution(channels, 1, lastKernel);
  return layers.list;
}

/** Counts the layers as PyTorch's list of modules does. */
class Layers {
  readonly list: Layer[] = [];
  readonly #prefix: string;
  readonly #plan: SeanetPlan;

  constructor(prefix: string, plan: SeanetPlan) {
    this.#prefix = prefix;
    this.#plan = plan;
  }

  convolution(inputs: number, outputs: number, kernel: number, stride = 1): void {
    const options = this.#convolution('conv', inputs, outputs, kernel, { stride });
    this.list.push({ kind: 'convolution', options });
  }

  residuals(channels: number): void {
    const { residualBlocks, residualKernel, dilationGrowth, compress, shortcut } = this.#plan;
    const inner = Math.floor(channels / compress);
    for (let j = 0; j < residualBlocks; j++) {
      const dilation = dilationGrowth ** j;
      this.list.push({
        kind: 'residual',
        inner: [
          this.#convolution('block.1.conv', channels, inner, residualKernel, { dilation }),
          this.#convolution('block.3.conv', inner, channels, 1),
        ],
        shortcut: shortcut ? this.#convolution('shortcut.conv', channels, channels, 1) : undefined,
      });
    }
  }

  transposed(channels: number, stride: number): void {
    this.list.push({ kind: 'transposed', prefix: this.#name('conv'), channels, stride });
  }

  lstm(channels: number): void {
    if (this.#plan.lstmLayers > 0) this.list.push({ kind: 'lstm', prefix: this.#name('lstm'), channels });
  }

  elu(): void {
    this.list.push({ kind: 'elu' });
  }

  #name(part: string): string {
    return `${this.#prefix}.layers.${this.list.length}.${part}`;
  }

  #convolution(
    part: string,
    inputs: number,
    outputs: number,
    kernel: number,
    more: Partial<Convolution1d> = {},
  ): Convolution1d {
    const { padding, causal } = this.#plan;
    return { prefix: this.#name(part), inputs, outputs, kernel, padding, causal, ...more };
  }
}

function addLayer(build: StreamBuild, x: Value, layer: Layer, plan: SeanetPlan): Value {
  const { graph } = build;
  if (layer.kind === 'elu') return graph.op('Elu', [x]);
  if (layer.kind === 'convolution') return convolution1d(build, x, layer.options);
  if (layer.kind === 'lstm') {
    const { prefix, channels: width } = layer;
    return residualLstm(build, x, { prefix, width, layers: plan.lstmLayers });
  }
  if (layer.kind === 'residual') {
    let branch = x;
    for (const options of layer.inner) branch = convolution1d(build, graph.op('Elu', [branch]), options);
    const shortcut = layer.shortcut === undefined ? x : convolution1d(build, x, layer.shortcut);
    return graph.op('Add', [shortcut, branch]);
  }
  const { prefix, channels, stride } = layer;
  const trimRight = plan.causal ? Math.ceil(stride * plan.trimRight) : Math.floor(stride / 2);
  return transposedConvolution1d(build, x, {
    prefix,
    inputs: channels,
    outputs: channels / 2,
    stride,
    trimRight,
  });
}
