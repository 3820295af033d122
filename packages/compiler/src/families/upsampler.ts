/**
 * What the families of upsamplers have in common: the frame of their graph, how far they see, and the manifest of the
 * adapter bundle they make, in the terms of `@any-to-any/adapter-denoise`.
 */
import type { AdapterManifestParts } from '@any-to-any/core';
import type { Build, Weights } from '../blocks/build.ts';
import { type Ending, type Enlarging, enlarge, levelsOf, scaleOf } from '../blocks/enlarging.ts';
import { type SwinPlan, seenBy } from '../blocks/swin.ts';
import { GraphBuilder, type Value } from '../onnx/graph.ts';
import type { Model } from '../onnx/model.ts';
import type { Settings } from '../options.ts';
import type { TensorReader } from '../safetensors/file.ts';
import type { FamilyJob } from './family.ts';
import { openLedger } from './ledger.ts';
import { rejectModelOptions } from './model-options.ts';
import { graphOutput, writeOutputs } from './output.ts';

export interface UpsamplerPlan extends SwinPlan {
  /** What pixels are multiplied by. */
  readonly range: number;
  readonly end: Enlarging;
}

export const upsamplerFile = 'image-upsampler.onnx';

/** Of DIV2K, on which these networks are trained: subtracted from pixels and added again. */
const mean = [0.4488, 0.4371, 0.404];

/** Pixels as the network takes them → features of the same size. `size` i64 `[2]`: rows and columns. */
export type Body = (build: Build, normal: Value, size: Value) => Value;

/**
 * `image [1, 3, height, width]` in 0…1, any size whose sides are longer than half a window → `large [1, 3, scale height,
 * scale width]`, about 0…1 (not clipped). Inside, the picture is reflected to the right and down to whole windows.
 */
export function buildUpsampler(plan: UpsamplerPlan, weights: Weights, body: Body): Model {
  const { window, range, width, end } = plan;
  const graph = new GraphBuilder('image-upsampler');
  const build: Build = { graph, weights };
  const image = graph.input('image', 'f32', [1, 3, 'height', 'width']);
  const size = graph.op('Shape', [image], { start: 2, end: 4 });
  const missing = graph.op('Mod', [graph.op('Neg', [size]), graph.integers([window, window])]);
  const amounts = graph.op('Concat', [graph.integers([0, 0]), missing], { axis: 0 });
  const axes = graph.integers([2, 3]);
  const pixels = graph.op('Pad', [image, amounts, undefined, axes], { mode: 'reflect' });
  const means = graph.floats('mean', [1, 3, 1, 1], mean);
  const ranges = graph.floats('range', [1], [range]);
  const normal = graph.op('Mul', [graph.op('Sub', [pixels, means]), ranges]);
  const features = body(build, normal, graph.op('Shape', [pixels], { start: 2, end: 4 }));
  const ending: Ending = { features, width, pixels, normal };
  const made = graph.op('Add', [graph.op('Div', [enlarge(build, end, ending), ranges]), means]);
  const scale = scaleOf(end);
  const whole = graph.op('Mul', [size, graph.integers([scale, scale])]);
  const large = graph.op('Slice', [made, graph.integers([0, 0]), whole, axes], {}, 'large');
  graph.output(large, 'f32', [1, 3, 'large height', 'large width']);
  return graph.build();
}

/**
 * How far from a pixel of the picture those lie, at most, that change what it becomes; pixels of the picture. It depends on
 * where in its window the pixel lies: the worst place counts.
 */
export function reachOf(plan: UpsamplerPlan): number {
  const { window, end } = plan;
  const scale = scaleOf(end);
  let reach = 0;
  for (let at = 0; at < window * scale; at++) {
    let [first, last] = [at, at];
    for (const { around, factor } of levelsOf(end)) {
      [first, last] = [first - around, last + around].map((edge) => Math.floor(edge / factor)) as [
        number,
        number,
      ]; // two in, two out
    }
    const place = Math.floor(at / scale);
    const [from, to] = seenBy([first, last], plan);
    reach = Math.max(reach, place - from, to - place);
  }
  return reach;
}

/**
 * Writes the graph of what `build` says is in the file and returns the manifest; closes the file. Throws OPTION_INVALID for
 * options that mean nothing to a network without a decoder; its weights may be stored as 16 bits.
 */
export async function compileUpsampler(
  job: FamilyJob,
  reader: TensorReader,
  build: (weights: Weights) => { readonly plan: UpsamplerPlan; readonly model: Model },
): Promise<AdapterManifestParts> {
  const { settings } = job;
  try {
    rejectModelOptions(settings, 'an upsampler has no decoder', {
      codebooks: settings.codebooks !== undefined,
    });
    const ledger = openLedger(reader);
    const { plan, model } = build(ledger.weights);
    ledger.check();
    await writeOutputs(job, [graphOutput(upsamplerFile, model, settings.halves)]);
    return describeUpsampler(plan, settings);
  } finally {
    await reader.close();
  }
}

function describeUpsampler(plan: UpsamplerPlan, { about, directory }: Settings): AdapterManifestParts {
  return {
    kind: 'adapter',
    name: about.name ?? directory,
    version: about.version ?? '0.0.0',
    license: about.license ?? 'UNLICENSED',
    attribution: [...(about.attribution ?? [])],
    modality: 'image',
    adapter: {
      plugin: '@any-to-any/adapter-denoise',
      options: {
        kind: 'upsampler',
        graph: upsamplerFile,
        scale: scaleOf(plan.end),
        window: plan.window,
        reach: reachOf(plan),
      },
    },
  };
}
