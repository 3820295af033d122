/**
 * Opens the graphs of a bundle and holds their inputs and outputs against what the options say of them.
 */
import { AnyToAnyError, type Graph, type Port } from '@any-to-any/core';
import type { CodecGraphs } from './codec/run.ts';
import type { DecodeStream, EncodeStream } from './options.ts';

/** The graphs of one direction. Throws BUNDLE_INVALID. */
export async function openCodec<Options extends EncodeStream | DecodeStream>(
  port: Port,
  options: Options,
  input: string,
  output: string,
): Promise<CodecGraphs<Options>> {
  if (!options.streaming) {
    return { options, graph: await openGraph(port, options.graph, [input], [output]) };
  }
  const { first, states } = options;
  const past = states.map(({ name }) => `past_${name}`);
  const outputs = [output, ...states.map(({ name }) => `present_${name}`)];
  return {
    options,
    graph: await openGraph(port, options.graph, [input, ...past], outputs),
    first: first?.graph === undefined ? undefined : await openGraph(port, first.graph, [input], outputs),
    whole: first?.whole === undefined ? undefined : await openGraph(port, first.whole, [input], [output]),
  };
}

/** A graph with exactly these inputs and at least these outputs, in any order. */
export async function openGraph(
  port: Port,
  path: string,
  inputs: readonly string[],
  outputs: readonly string[],
): Promise<Graph> {
  const graph = await port.files.graph(path);
  const same = `${[...graph.inputs].sort()}` === `${[...inputs].sort()}`;
  if (same && outputs.every((name) => graph.outputs.includes(name))) return graph;
  throw new AnyToAnyError(
    'BUNDLE_INVALID',
    `Expected ${path} to turn ${inputs.join(', ')} into ${outputs.join(', ')}, but it turns ` +
      `${graph.inputs.join(', ')} into ${graph.outputs.join(', ')}. Compile the bundle again.`,
    { plugin: '@any-to-any/tokenizer-audio', path },
  );
}
