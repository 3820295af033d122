/**
 * Multiply-adds of one run, counted from a graph's nodes and the shapes its values have in that run. Counted are matrix
 * products, convolutions and attention; norms, activations and sums are not, as is the custom.
 */
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type Device, openGraph, type Tensor } from '@any-to-any/core';
import { type FileGraph, type FileNode, readGraph, withOutputs } from './onnx-file.ts';

type Dims = readonly number[];

const counted = new Set(['MatMul', 'MatMulNBits', 'Conv', 'MultiHeadAttention']);

/** Runs the graph once with `feeds` to learn its shapes. `data`: where its weights lie, under the name it knows. */
export async function countMultiplyAdds(
  device: Device,
  path: string,
  feeds: Readonly<Record<string, Tensor>>,
  data = `${path}.data`,
): Promise<number> {
  const file = await readFile(path);
  const graph = readGraph(file);
  const nodes = graph.nodes.filter(({ type }) => counted.has(type));
  const shapes = new Map<string, Dims>(graph.constants);
  for (const [name, { dims }] of Object.entries(feeds)) shapes.set(name, dims);
  const asked = new Set(nodes.flatMap(({ inputs, outputs }) => [...inputs, ...outputs]));
  const unknown = [...asked].filter((name) => name !== '' && !shapes.has(name));
  const folder = await mkdtemp(join(tmpdir(), 'multiply-adds-'));
  try {
    // Data beside the model is found by the model's place.
    await copyFile(data, join(folder, basename(data))).catch(() => undefined);
    const told = unknown.filter((name) => !graph.outputs.includes(name));
    await writeFile(join(folder, basename(path)), withOutputs(file, told));
    const session = await openGraph(device, join(folder, basename(path)));
    const outputs = await session.run(feeds);
    session.close();
    for (const [name, { dims }] of Object.entries(outputs)) shapes.set(name, dims);
  } finally {
    await rm(folder, { recursive: true });
  }
  return nodes.reduce((sum, node) => sum + ofNode(node, shapes), 0);
}

/** Of one position: every matrix of the graph is multiplied once. Attention to what is in the cache comes on top. */
export function perPosition({ nodes, constants }: FileGraph): number {
  return nodes.reduce((sum, { type, inputs, numbers }) => {
    if (type === 'MatMulNBits') return sum + numbers.get('K')! * numbers.get('N')!;
    const matrix = type === 'MatMul' ? inputs.map((name) => constants.get(name)).find(Boolean) : undefined;
    return sum + (matrix ? product(matrix) : 0);
  }, 0);
}

export function ofNode(
  { type, inputs, outputs, numbers }: FileNode,
  shapes: ReadonlyMap<string, Dims>,
): number {
  const of = (name: string | undefined): Dims => shapes.get(name ?? '') ?? [];
  const made = product(of(outputs[0]));
  switch (type) {
    case 'MatMul':
      return made * of(inputs[0]).at(-1)!;
    case 'MatMulNBits':
      return made * numbers.get('K')!;
    case 'Conv':
      return made * product(of(inputs[1]).slice(1));
    case 'MultiHeadAttention': // queries × keys, and weights × values
      return 2 * made * of(inputs[1])[1]!;
    default:
      return 0;
  }
}

export const product = (dims: Dims): number => dims.reduce((sum, side) => sum * side, 1);
