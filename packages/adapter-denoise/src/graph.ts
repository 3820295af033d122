/**
 * Opens a graph of a bundle and checks that it takes and gives what is expected of it.
 */
import { AnyToAnyError, type Graph, type Port } from '@any-to-any/core';
import { pluginName } from './adapter.ts';

/** Throws BUNDLE_INVALID for a graph that does something else. */
export async function openGraph(
  port: Port,
  path: string,
  inputs: readonly string[],
  outputs: readonly string[],
): Promise<Graph> {
  const graph = await port.files.graph(path);
  const fits = (names: readonly string[], found: readonly string[]): boolean =>
    names.length === found.length && names.every((name) => found.includes(name));
  if (fits(inputs, graph.inputs) && fits(outputs, graph.outputs)) return graph;
  throw new AnyToAnyError(
    'BUNDLE_INVALID',
    `Expected ${path} to turn "${inputs.join(', ')}" into "${outputs.join(', ')}", but it turns ` +
      `"${graph.inputs.join(', ')}" into "${graph.outputs.join(', ')}". Compile the bundle again.`,
    { plugin: pluginName, path },
  );
}
