/**
 * States of a graph that is run piece by piece. Each is an input `past_NAME` and an output `present_NAME` of the same
 * fixed shape, and zeros before the first run. A graph that sees everything in one run is built without a stream.
 */
import type { GraphBuilder, Value } from '../onnx/graph.ts';
import type { Build } from './build.ts';

/** A build whose blocks keep states if it has a stream. */
export interface StreamBuild extends Build {
  readonly stream?: Stream | undefined;
}

/** As the manifest of a bundle describes it. */
export interface StreamState {
  readonly name: string;
  readonly type: 'float32' | 'int64';
  readonly shape: readonly number[];
}

export class Stream {
  readonly #graph: GraphBuilder;
  readonly #states: StreamState[] = [];
  #begun: Value | undefined;

  constructor(graph: GraphBuilder) {
    this.#graph = graph;
  }

  get states(): readonly StreamState[] {
    return this.#states;
  }

  /** Declares a state: what the run before left of it. */
  past(name: string, shape: readonly number[], type: StreamState['type'] = 'float32'): Value {
    this.#states.push({ name, type, shape });
    return this.#graph.input(`past_${name}`, type === 'int64' ? 'i64' : 'f32', shape);
  }

  /** Makes `value` what the next run gets as the state `name`. */
  present(name: string, value: Value): void {
    const { type, shape } = this.#states.find((state) => state.name === name)!; // declared by `past`
    const output = this.#graph.op('Identity', [value], {}, `present_${name}`);
    this.#graph.output(output, type === 'int64' ? 'i64' : 'f32', shape);
  }

  /** bool `[1]`: whether a run came before this one. A state of its own, since other states may be zeros by chance. */
  begun(): Value {
    if (this.#begun === undefined) {
      const graph = this.#graph;
      const past = this.past('begun', [1], 'int64');
      this.present('begun', graph.op('Max', [past, graph.integers([1])]));
      this.#begun = graph.op('Greater', [past, graph.integers([0])]);
    }
    return this.#begun;
  }
}
