/**
 * The two graphs of DALL-E's discrete VAE (Ramesh et al. 2021, arXiv 2102.12092): convolutions in residual blocks, no
 * norm, no attention. So the decoder sees only so far, and patches can be exact while ids are still coming.
 */
import type { Build, Weights } from '../../blocks/build.ts';
import { convolution } from '../../blocks/convolution.ts';
import { doubled } from '../../blocks/vqgan.ts';
import { GraphBuilder, type Value } from '../../onnx/graph.ts';
import type { Model } from '../../onnx/model.ts';

export interface DallePlan {
  /** Channels at the full resolution; each of three halvings doubles them. */
  readonly width: number;
  /** Channels of a code. */
  readonly first: number;
  /** Residual blocks of each of the four resolutions. */
  readonly blocks: number;
  readonly codes: number;
}

/** Pixels a side per id. */
export const dalleFactor = 8;
const groups = 4;

/**
 * Ids around an id that its pixels depend on: of each resolution, from the finest on, a pixel more per 3×3, three of
 * which are in a block.
 */
export function dalleHalo({ blocks }: Pick<DallePlan, 'blocks'>): number {
  let halo = 0;
  for (let group = 0; group < groups; group++) halo = Math.ceil(halo / 2) + 3 * blocks;
  return halo;
}

/** `pixels [1, 3, height, width]` in 0.1…0.9 → `ids [1, height / 8, width / 8]`. */
export function buildDalleEncode(plan: DallePlan, weights: Weights): Model {
  const graph = new GraphBuilder('image-encode');
  const build: Build = { graph, weights: renamed(weights) };
  const { width, blocks, codes } = plan;
  const pixels = graph.input('pixels', 'f32', [1, 3, 'height', 'width']);
  let x = convolution(build, pixels, {
    prefix: 'blocks.input',
    inputs: 3,
    outputs: width,
    kernel: 7,
    padding: 3,
  });
  let inputs = width;
  for (let group = 0; group < groups; group++) {
    const outputs = width * 2 ** group;
    for (let block = 0; block < blocks; block++) {
      x = residual(build, x, { group, block, inputs, outputs, gain: gainOf(plan), kernels: [3, 3, 3, 1] });
      inputs = outputs;
    }
    if (group < groups - 1) x = graph.op('MaxPool', [x], { kernel_shape: [2, 2], strides: [2, 2] });
  }
  const scores = convolution(build, graph.op('Relu', [x]), {
    prefix: 'blocks.output.conv',
    inputs,
    outputs: codes,
    kernel: 1,
  });
  const likeliest = graph.op('ArgMax', [scores], { axis: 1, keepdims: 0 });
  graph.output(graph.op('Cast', [likeliest], { to: 6 }, 'ids'), 'i32', [1, 'rows', 'columns']); // 6: i32
  return graph.build();
}

/** `ids [1, rows, columns]` → `pixels [1, 3, 8 rows, 8 columns]`, about −1…1 (not clipped). */
export function buildDalleDecode(plan: DallePlan, weights: Weights): Model {
  const graph = new GraphBuilder('image-decode');
  const build: Build = { graph, weights: renamed(weights) };
  const { width, first, blocks } = plan;
  const ids = graph.input('ids', 'i32', [1, 'rows', 'columns']);
  let x = graph.op('Transpose', [graph.op('Gather', [codesOf(build, plan), ids])], { perm: [0, 3, 1, 2] });
  let inputs = first;
  for (let group = 0; group < groups; group++) {
    const outputs = width * 2 ** (groups - 1 - group);
    for (let block = 0; block < blocks; block++) {
      x = residual(build, x, { group, block, inputs, outputs, gain: gainOf(plan), kernels: [1, 3, 3, 3] });
      inputs = outputs;
    }
    if (group < groups - 1) x = doubled(build, x);
  }
  const levels = graph.op('Sigmoid', [means(build, graph.op('Relu', [x]), inputs)]);
  // Levels are 0.8 of a pixel in 0…1 and 0.1: 2 (level - 0.1) / 0.8 - 1.
  const scaled = graph.op('Mul', [levels, graph.floats('scale', [1], [2.5])]);
  const pixels = graph.op('Sub', [scaled, graph.floats('shift', [1], [1.25])], {}, 'pixels');
  graph.output(pixels, 'f32', [1, 3, 'height', 'width']);
  return graph.build();
}

/** Every branch is divided by the square of how many there are. */
function gainOf({ blocks }: DallePlan): number {
  return 1 / (groups * blocks) ** 2;
}

interface Residual {
  readonly group: number;
  readonly block: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly gain: number;
  readonly kernels: readonly [number, number, number, number];
}

/** `id(x) + gain * branch(x)`: four convolutions, each after a ReLU; a 1×1 on the way past where the channels change. */
function residual(build: Build, x: Value, options: Residual): Value {
  const { graph } = build;
  const { group, block, inputs, outputs, gain, kernels } = options;
  const prefix = `blocks.group_${group + 1}.block_${block + 1}`;
  const hidden = outputs / 4;
  let branch = x;
  for (const [index, kernel] of kernels.entries()) {
    branch = convolution(build, graph.op('Relu', [branch]), {
      prefix: `${prefix}.res_path.conv_${index + 1}`,
      inputs: index === 0 ? inputs : hidden,
      outputs: index === kernels.length - 1 ? outputs : hidden,
      kernel,
      padding: (kernel - 1) / 2,
    });
  }
  const past =
    inputs === outputs
      ? x
      : convolution(build, x, { prefix: `${prefix}.id_path`, inputs, outputs, kernel: 1 });
  return graph.op('Add', [past, graph.op('Mul', [branch, graph.floats('gain', [1], [gain])])]);
}

/** The first layer is a 1×1 over one-hot codes: a table `[codes, first]` of its columns and the bias. */
function codesOf({ graph, weights }: Build, { codes, first }: DallePlan): Value {
  const load = weights('blocks.input.weight', [first, codes, 1, 1]);
  const loadBias = weights('blocks.input.bias', [first]);
  return graph.initializer('codes', 'f32', [codes, first], async () => {
    const [kernel, bias] = [await load(), await loadBias()];
    return Float32Array.from(
      { length: codes * first },
      (_, at) => kernel[(at % first) * codes + Math.floor(at / first)]! + bias[at % first]!,
    );
  });
}

/** The first three of six channels: the others say how certain they are. */
function means({ graph, weights }: Build, x: Value, inputs: number): Value {
  const load = weights('blocks.output.conv.weight', [6, inputs, 1, 1]);
  const loadBias = weights('blocks.output.conv.bias', [6]);
  const kernel = graph.initializer('output', 'f32', [3, inputs, 1, 1], async () =>
    (await load()).slice(0, 3 * inputs),
  );
  const bias = graph.initializer('output.bias', 'f32', [3], async () => (await loadBias()).slice(0, 3));
  return graph.op('Conv', [x, kernel, bias], { kernel_shape: [1, 1] });
}

/** The package calls them `w` and `b`. */
function renamed(weights: Weights): Weights {
  return (name, shape) => weights(name.replace(/weight$/, 'w').replace(/bias$/, 'b'), shape);
}
