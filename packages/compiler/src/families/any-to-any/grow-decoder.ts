/**
 * The decoder's graph of a bundle → the same with one modality more. Every node and constant stays; tables get rows at
 * their ends, and every layer a conditional LoRA that is exactly zero at positions of other modalities. Pure.
 */
import { AnyToAnyError } from '@any-to-any/core';
import type { Weights } from '../../blocks/build.ts';
import type { Initializer, Model, Node } from '../../onnx/model.ts';
import { elementBytes } from '../../onnx/model.ts';
import type { LoadWeights } from '../../onnx/pieces.ts';
import { loraFactor } from './mix-in.ts';

export interface DecoderGrowth {
  readonly name: string;
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headWidth: number;
  /** Mix-in indices there are, marks included. */
  readonly modalities: number;
  /** Rows to add to the table of relative positions. */
  readonly buckets: number;
  /** 0: no LoRA. */
  readonly rank: number;
}

/** `weights`: those of the modality. Throws OPTION_INVALID for a graph that cannot be grown. */
export function growDecoder(model: Model, growth: DecoderGrowth, weights: Weights): Model {
  if (!model.inputs.some(({ name }) => name === 'modality')) {
    throw new AnyToAnyError(
      'OPTION_INVALID',
      'The decoder of this bundle is not told the modality of a position, so it cannot be grown. Train a decoder with a type embedding or LoRA.',
      { stage: 'compile' },
    );
  }
  const rows = newRows(growth, weights);
  const tables = model.initializers.map((table) => {
    const load = rows(table);
    return load === undefined ? table : appendRow(table, load.count, load.values);
  });
  if (growth.rank === 0) return { ...model, initializers: tables };
  const loras = Array.from({ length: growth.layers }, (_, layer) => loraOf(layer, growth, weights));
  const nodes = loras.reduce((all, lora) => insertLora(all, lora), model.nodes);
  const constants = [maskOf(growth), ...loras.flatMap(({ initializers }) => initializers)];
  return { ...model, nodes, initializers: [...tables, ...constants] };
}

interface Rows {
  readonly count: number;
  readonly values: LoadWeights;
}

/** What a table that has a row for every modality, or for every bucket, gets at its end. */
function newRows({ heads, width, buckets }: DecoderGrowth, weights: Weights) {
  return ({ name, dims }: Initializer): Rows | undefined => {
    if (name === 'buckets.weight') return { count: buckets, values: weights(name, [buckets, heads]) };
    if (/^layers\.\d+\.type\.embedding$/.test(name)) return { count: 1, values: weights(name, [width]) };
    if (/^layers\.\d+\.type\.gate$/.test(name)) return { count: 1, values: weights(name, [1]) };
    // Nothing of other modalities' LoRA; scales of heads and branches as they are when training begins.
    const neutral = (value: number): Rows => ({
      count: 1,
      values: () => new Float32Array(dims[1]!).fill(value),
    });
    if (/^([a-z0-9-]+\.)?lora\.mask$/.test(name) || /^layers\.\d+\.head_scale\.bias$/.test(name))
      return neutral(0);
    return /^layers\.\d+\.residual\.\w+$/.test(name) ? neutral(1) : undefined;
  };
}

/** A float32 table `[rows, columns]` with `count` rows more. */
function appendRow(table: Initializer, count: number, values: LoadWeights): Initializer {
  const dims = [table.dims[0]! + count, ...table.dims.slice(1)];
  const bytes = dims.reduce((product, side) => product * side, elementBytes[table.type]);
  return {
    ...table,
    dims,
    bytes,
    async load() {
      const [before, added] = [await table.load(), await values()];
      const grown = new Uint8Array(bytes);
      grown.set(new Uint8Array(before.buffer, before.byteOffset, before.byteLength));
      grown.set(new Uint8Array(added.buffer, added.byteOffset, added.byteLength), before.byteLength);
      return grown;
    },
  };
}

interface LayerLora {
  readonly layer: number;
  readonly name: string;
  readonly initializers: readonly Initializer[];
}

const maskName = (name: string): string => `${name}.lora.mask`;

/** `[modalities, 2 rank]`, zero but for the new one's row. */
function maskOf({ name, modalities, rank }: DecoderGrowth): Initializer {
  const row = 2 * rank;
  return constant(maskName(name), [modalities + 1, row], () => {
    const mask = new Float32Array((modalities + 1) * row);
    return mask.fill(loraFactor, modalities * row);
  });
}

/** `a` of queries and keys side by side, `b` of both where the packed projection has them. */
function loraOf(layer: number, growth: DecoderGrowth, weights: Weights): LayerLora {
  const { name, width, rank, heads, kvHeads, headWidth } = growth;
  const outputs = { q: heads * headWidth, k: kvHeads * headWidth };
  const packed = outputs.q + 2 * outputs.k;
  const load = (to: 'q' | 'k') => ({
    a: weights(`layers.${layer}.lora.${to}.a`, [width, rank]),
    b: weights(`layers.${layer}.lora.${to}.b`, [rank, outputs[to]]),
  });
  const parts = [
    { ...load('q'), outputs: outputs.q, at: 0 },
    { ...load('k'), outputs: outputs.k, at: outputs.q },
  ];
  const prefix = `layers.${layer}.${name}.lora`;
  const down = constant(`${prefix}.a`, [width, 2 * rank], async () => {
    const joined = new Float32Array(width * 2 * rank);
    for (const [part, { a }] of parts.entries()) {
      const values = await a();
      for (let row = 0; row < width; row++) {
        joined.set(values.subarray(row * rank, (row + 1) * rank), (2 * row + part) * rank);
      }
    }
    return joined;
  });
  const up = constant(`${prefix}.b`, [2 * rank, packed], async () => {
    const joined = new Float32Array(2 * rank * packed);
    for (const [part, { b, outputs: columns, at }] of parts.entries()) {
      const values = await b();
      for (let row = 0; row < rank; row++) {
        joined.set(values.subarray(row * columns, (row + 1) * columns), (part * rank + row) * packed + at);
      }
    }
    return joined;
  });
  return { layer, name, initializers: [down, up] };
}

/** After the projection of queries, keys and values: `+ ((h a) * mask[modality]) b`, before anything else reads it. */
function insertLora(nodes: readonly Node[], { layer, name, initializers }: LayerLora): readonly Node[] {
  const weight = `layers.${layer}.attention.qkv`;
  const at = nodes.findIndex(({ inputs }) => inputs[1] === weight || inputs[1] === `${weight}.values`);
  const projection = nodes[at];
  if (projection === undefined) {
    throw new AnyToAnyError(
      'OPTION_INVALID',
      `The decoder of this bundle has no ${weight}, so it cannot be grown.`,
      {
        stage: 'compile',
      },
    );
  }
  const [h, packed] = [projection.inputs[0]!, projection.outputs[0]!];
  const value = (part: string): string => `layers.${layer}.${name}.lora.${part}`;
  const node = (type: string, inputs: string[], output: string): Node => ({
    type,
    domain: '',
    inputs,
    outputs: [output],
    attributes: {},
  });
  const [down, up] = initializers.map((initializer) => initializer.name);
  const lora = [
    node('MatMul', [h, down!], value('down')),
    node('Gather', [maskName(name), 'modality'], value('mask')),
    node('Mul', [value('down'), value('mask')], value('own')),
    node('MatMul', [value('own'), up!], value('up')),
    node('Add', [packed, value('up')], value('sum')),
  ];
  const reading = (other: Node): Node => ({
    ...other,
    inputs: other.inputs.map((input) => (input === packed ? value('sum') : input)),
  });
  return [...nodes.slice(0, at + 1), ...lora, ...nodes.slice(at + 1).map(reading)];
}

function constant(
  name: string,
  dims: readonly number[],
  load: () => Float32Array | Promise<Float32Array>,
): Initializer {
  return { name, type: 'f32', dims, bytes: 4 * dims.reduce((product, side) => product * side, 1), load };
}
