/**
 * What a SwinIR is, read from the names and shapes of its tensors: its files say nothing else. Follows what spandrel does
 * (https://github.com/chaiNNer-org/spandrel); what cannot be told from tensors is as in the published models.
 */
import type { Enlarging, Step } from '../../blocks/enlarging.ts';
import type { Residual } from '../../blocks/swin.ts';
import type { TensorReader } from '../../safetensors/file.ts';
import { checkpointInvalid } from '../../safetensors/invalid.ts';
import type { UpsamplerPlan } from '../upsampler.ts';

const block = (stage: number, index: number): string => `layers.${stage}.residual_group.blocks.${index}`;

/** `reader`: as `networkTensors` gives it. Throws CHECKPOINT_INVALID. */
export function readPlan(reader: TensorReader): UpsamplerPlan {
  const { tensors } = reader;
  const has = (name: string): boolean => tensors.has(name);
  const invalid = (problem: string) => checkpointInvalid(reader.path, problem);
  const shapeOf = (name: string, rank: number): readonly number[] => {
    const shape = tensors.get(name)?.shape;
    if (shape?.length === rank && shape.every((side) => side > 0)) return shape;
    throw invalid(
      `expected tensor "${name}" with ${rank} dimensions, found ${shape ? `[${shape.join(', ')}]` : 'none'}.`,
    );
  };
  refuseOthers(has, invalid);
  const [width, channels] = shapeOf('conv_first.weight', 4) as [number, number]; // its rank was checked
  if (channels !== 3) {
    throw invalid(
      `tensor "conv_first.weight": expected 3 colours, found ${channels}; pictures have colours here.`,
    );
  }
  const table = shapeOf(`${block(0, 0)}.attn.relative_position_bias_table`, 2);
  const window = (Math.sqrt(table[0]!) + 1) / 2;
  if (!Number.isInteger(window) || window < 2) {
    throw invalid(`${table[0]} relative positions: expected (2 window − 1)², such as 225 for windows of 8.`);
  }
  const stages = lengthOf(has, (stage) => `${block(stage, 0)}.norm1.weight`).map((stage) => ({
    depth: lengthOf(has, (index) => `${block(stage, index)}.norm1.weight`).length,
    heads: shapeOf(`${block(stage, 0)}.attn.relative_position_bias_table`, 2)[1]!,
  }));
  const uneven = stages.find(({ heads }) => width % heads !== 0);
  if (uneven !== undefined) throw invalid(`${uneven.heads} heads do not divide ${width} channels.`);
  const residual = (name: string): Residual => (has(`${name}.weight`) ? '1conv' : '3conv');
  return {
    width,
    window,
    stages,
    hidden: shapeOf(`${block(0, 0)}.mlp.fc1.weight`, 2)[0]!,
    residual: residual('layers.0.conv'),
    after: residual('conv_after_body'),
    // The models against JPEG are the only ones with windows of 7, and the only ones with pixels of 0 to 255.
    range: window === 7 ? 255 : 1,
    end: readEnd(has, shapeOf, invalid),
  };
}

/** Relatives of other shapes, by what they have more. */
function refuseOthers(has: (name: string) => boolean, invalid: (problem: string) => Error): void {
  if (has('absolute_pos_embed'))
    throw invalid('tensor "absolute_pos_embed": positions of one size of picture are not supported.');
  if (has('conv_first.1.weight'))
    throw invalid('tensor "conv_first.1.weight": a network that begins by unshuffling is not supported.');
}

/** 0 … n−1, as far as there is a tensor. */
function lengthOf(has: (name: string) => boolean, name: (index: number) => string): number[] {
  const found: number[] = [];
  while (has(name(found.length))) found.push(found.length);
  return found;
}

function readEnd(
  has: (name: string) => boolean,
  shapeOf: (name: string, rank: number) => readonly number[],
  invalid: (problem: string) => Error,
): Enlarging {
  /** Of a convolution before a pixel shuffle that leaves `kept` channels. */
  const stepOf = (prefix: string, kept: number): Step => {
    const [outputs] = shapeOf(`${prefix}.weight`, 4) as [number]; // its rank was checked
    const factor = Math.sqrt(outputs / kept);
    if (Number.isInteger(factor)) return { prefix, factor };
    throw invalid(
      `tensor "${prefix}.weight": expected ${kept} channels times a square, for a pixel shuffle; found ${outputs}.`,
    );
  };
  const before = 'conv_before_upsample.0';
  const last = 'conv_last';
  if (has(`${before}.weight`)) {
    const features = shapeOf(`${before}.weight`, 4)[0]!;
    const ups = lengthOf(has, (index) => `conv_up${index + 1}.weight`).map((index) => `conv_up${index + 1}`);
    if (ups.length > 0) return { kind: 'nearest+conv', features, before, steps: ups, high: 'conv_hr', last };
    const steps = lengthOf(has, (index) => `upsample.${2 * index}.weight`);
    if (steps.length > 0) {
      const shuffles = steps.map((index) => stepOf(`upsample.${2 * index}`, features));
      return { kind: 'pixelshuffle', features, before, steps: shuffles, last };
    }
  } else if (has('upsample.0.weight')) {
    return { kind: 'pixelshuffledirect', step: stepOf('upsample.0', 3) };
  } else if (has(`${last}.weight`)) {
    return { kind: 'restoring', last };
  }
  throw invalid(
    'expected the end of a classical (pixelshuffle), lightweight (pixelshuffledirect), real-world (nearest+conv) or ' +
      'restoring SwinIR, found none of them: neither upsample.0, conv_up1 nor conv_last alone.',
  );
}
