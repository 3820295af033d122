/**
 * One pass of content through a codec's graph, in one direction: whole frames go in, piece by piece, and what the
 * graph gives comes out. Keeps the states between runs. Knows neither ids nor rates.
 */
import { AnyToAnyError, type Graph, type Tensor, throwIfAborted } from '@any-to-any/core';
import type { DecodeStream, EncodeStream, StateOptions } from '../options.ts';

/** The opened graphs of one direction. */
export interface CodecGraphs<Options extends EncodeStream | DecodeStream = EncodeStream | DecodeStream> {
  readonly options: Options;
  readonly graph: Graph;
  readonly first?: Graph | undefined;
  readonly whole?: Graph | undefined;
}

/** What goes in and what comes out: `samples` and `codes`, or the reverse. */
export interface Direction<Block> {
  readonly stage: 'encode' | 'decode';
  readonly input: string;
  readonly output: string;
  frames(block: Block): number;
  /** Blocks one after another as the input of the graph. */
  tensor(blocks: readonly Block[]): Tensor;
}

type States = Readonly<Record<string, Tensor>>;

export class CodecRun<Block> {
  readonly #graphs: CodecGraphs;
  readonly #direction: Direction<Block>;
  readonly #signal: AbortSignal | undefined;
  /** Blocks that wait for enough frames, or for the end. */
  #held: Block[] = [];
  /** Absent until a graph that gives states has run. */
  #states: States | undefined;

  constructor(graphs: CodecGraphs, direction: Direction<Block>, signal: AbortSignal | undefined) {
    this.#graphs = graphs;
    this.#direction = direction;
    this.#signal = signal;
  }

  /** Undefined: nothing comes out yet. */
  async push(block: Block): Promise<Tensor | undefined> {
    const { options, graph, first } = this.#graphs;
    this.#held.push(block);
    if (!options.streaming) return undefined;
    if (this.#states !== undefined) return this.#run(graph, this.#states);
    if (this.#heldFrames() < (options.first?.frames ?? 0)) return undefined;
    return first === undefined ? this.#run(graph, zeros(options.states)) : this.#run(first, {});
  }

  /** What is still held, in one run. */
  async end(): Promise<Tensor | undefined> {
    const { options, graph, first, whole } = this.#graphs;
    if (this.#held.length === 0) return undefined;
    if (!options.streaming) return this.#run(graph, {});
    const short = whole ?? first;
    return short === undefined ? this.#run(graph, zeros(options.states)) : this.#run(short, {});
  }

  /** A state after the last run; undefined if none ran that gives states. */
  state(name: string): Tensor | undefined {
    return this.#states?.[name];
  }

  #heldFrames(): number {
    return this.#held.reduce((sum, block) => sum + this.#direction.frames(block), 0);
  }

  async #run(graph: Graph, states: States): Promise<Tensor> {
    const { input, output, stage, tensor } = this.#direction;
    throwIfAborted(this.#signal, stage);
    const feeds: Record<string, Tensor> = { [input]: tensor(this.#held) };
    this.#held = [];
    for (const [name, state] of Object.entries(states)) feeds[`past_${name}`] = state;
    const results = await graph.run(feeds, this.#signal);
    throwIfAborted(this.#signal, stage);
    const { options, whole } = this.#graphs;
    if (options.streaming && graph !== whole) this.#states = presentStates(options.states, results, stage);
    const result = results[output];
    if (result !== undefined) return result;
    throw new AnyToAnyError('SHAPE_MISMATCH', `Expected "${output}" of the ${stage} graph, got none.`, {
      stage,
    });
  }
}

function zeros(states: readonly StateOptions[]): States {
  return Object.fromEntries(
    states.map(({ name, shape, type }) => {
      const size = elements(shape);
      return [
        name,
        { data: type === 'float32' ? new Float32Array(size) : new BigInt64Array(size), dims: shape },
      ];
    }),
  );
}

function presentStates(
  states: readonly StateOptions[],
  results: Readonly<Record<string, Tensor>>,
  stage: string,
): States {
  return Object.fromEntries(
    states.map(({ name, shape }) => {
      const state = results[`present_${name}`];
      if (state !== undefined && `${state.dims}` === `${shape}`) return [name, state];
      throw new AnyToAnyError(
        'SHAPE_MISMATCH',
        `Expected present_${name} [${shape.join(', ')}] of the ${stage} graph, got [${state?.dims.join(', ')}]. ` +
          'The graph does not match the options of the manifest.',
        { stage, expected: shape, actual: state?.dims },
      );
    }),
  );
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}
