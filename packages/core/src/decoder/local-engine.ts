/**
 * The engine in process: runs the decoder graph and the heads through ONNX Runtime, off the main thread.
 * One call at a time; the scheduler above decides who steps with whom.
 */
import type { Bundle } from '../bundle/open.ts';
import type { AppendRequest, AppendResult, Engine, EngineSequence } from '../contract/engine.ts';
import { AnyToAnyError } from '../errors.ts';
import { isLarge } from '../runtime/deferred-graph.ts';
import type { Device, Session } from '../runtime/interface.ts';
import { type Guide, openGuides } from './guide.ts';
import { Head } from './head.ts';
import { KvCache } from './kv-cache.ts';
import { LocalSequence } from './local-sequence.ts';
import { countPositions } from './runs.ts';
import { StepBindings } from './step-bindings.ts';
import { StepInputs } from './step-inputs.ts';
import { type EmbeddingTable, openTable } from './tables.ts';

/** Positions of one prefill step; a longer prompt is cut, so that others and a cancel get their turn. */
export const prefillChunk = 128;

interface Row {
  readonly index: number;
  readonly request: AppendRequest;
  readonly sequence: LocalSequence;
}

export class LocalEngine implements Engine {
  readonly context: number;
  readonly width: number;
  /** Rows of the cache in use: what a leak test counts. */
  get usedRows(): number {
    return this.#cache.used;
  }
  readonly #session: Session;
  readonly #cache: KvCache;
  readonly #inputs: StepInputs;
  readonly #bindings: StepBindings;
  readonly #heads: ReadonlyMap<string, Head>;
  #running = false;

  constructor(
    bundle: Bundle,
    device: Device,
    session: Session,
    tables: ReadonlyMap<string, EmbeddingTable>,
    guides: ReadonlyMap<string, Guide>,
    heads: ReadonlyMap<string, Head>,
  ) {
    const { decoder } = bundle.manifest;
    this.context = decoder.context;
    this.width = decoder.width;
    this.#session = session;
    this.#heads = heads;
    this.#cache = new KvCache(device, decoder);
    this.#inputs = new StepInputs(device, decoder, bundle.space, tables, guides, prefillChunk);
    this.#bindings = new StepBindings(session, this.#cache, this.#inputs, decoder.layers);
  }

  open(): EngineSequence {
    return new LocalSequence(this.#cache);
  }

  async append(requests: readonly AppendRequest[], signal?: AbortSignal): Promise<readonly AppendResult[]> {
    if (this.#running) {
      throw new AnyToAnyError(
        'SEQUENCE_BUSY',
        'The engine runs one step at a time. Go through the scheduler.',
      );
    }
    const rows = requests.map((request, index) => ({ index, request, sequence: this.#checked(request) }));
    const lengths = new Map<LocalSequence, number>();
    this.#running = true;
    try {
      for (const { sequence } of rows) {
        sequence.begin();
        lengths.set(sequence, sequence.length);
      }
      const results = new Array<AppendResult>(requests.length);
      const [singles, prompts] = partition(rows, (row) => countPositions(row.request.runs) === 1);
      for (const row of prompts) await this.#step([row], results, signal);
      for (let at = 0; at < singles.length; at += this.#inputs.capacity) {
        await this.#step(singles.slice(at, at + this.#inputs.capacity), results, signal);
      }
      return results;
    } catch (error) {
      // What a failed step wrote lies beyond the length, where nobody looks.
      for (const [sequence, length] of lengths) sequence.length = length;
      throw error;
    } finally {
      this.#running = false;
      for (const sequence of lengths.keys()) sequence.end();
    }
  }

  async close(): Promise<void> {
    this.#bindings.close();
    for (const head of this.#heads.values()) head.close();
    this.#inputs.close();
    this.#cache.close();
    this.#session.close();
  }

  /** One graph run: several rows of one position, or one row of several. */
  async #step(rows: readonly Row[], results: AppendResult[], signal: AbortSignal | undefined): Promise<void> {
    const first = this.#cache.align(rows.map((row) => row.sequence));
    const ordered = [...rows].sort((a, b) => a.sequence.row - b.sequence.row);
    const positions = countPositions(ordered[0]!.request.runs);
    ordered.forEach((row, index) => {
      this.#inputs.fill(index, row.request, row.sequence.length);
    });
    const written: LocalSequence[] = [];
    this.#cache.expectWrites();
    try {
      await this.#bindings.run(first, ordered.length, positions, signal);
      for (const { sequence } of ordered) {
        sequence.length += positions;
        written.push(sequence);
      }
    } finally {
      this.#cache.settle(written);
    }
    await this.#score(ordered, positions, results, signal);
  }

  /** Runs each head once, for the rows that asked for it. */
  async #score(
    rows: readonly Row[],
    positions: number,
    results: AppendResult[],
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const byHead = new Map<string, { row: Row; state: Float32Array }[]>();
    rows.forEach((row, index) => {
      const { head } = row.request;
      results[row.index] = { logits: new Float32Array(0) };
      if (head === undefined) return;
      const end = (index + 1) * positions * this.width;
      const state = this.#inputs.hidden.subarray(end - this.width, end);
      byHead.set(head, [...(byHead.get(head) ?? []), { row, state }]);
    });
    for (const [name, wanted] of byHead) {
      const logits = await this.#heads.get(name)!.run(
        wanted.map(({ state }) => state),
        signal,
      );
      wanted.forEach(({ row }, index) => {
        results[row.index] = { logits: logits[index]! };
      });
    }
  }

  #checked(request: AppendRequest): LocalSequence {
    const { sequence, runs, head } = request;
    if (!(sequence instanceof LocalSequence) || sequence.cache !== this.#cache) {
      throw new AnyToAnyError('OPTION_INVALID', 'The sequence belongs to another engine.');
    }
    sequence.check();
    const count = countPositions(runs);
    if (count < 1 || count > prefillChunk) {
      throw new AnyToAnyError('OPTION_INVALID', `A step takes 1…${prefillChunk} positions, got ${count}.`);
    }
    if (sequence.length + count > this.context) {
      throw new AnyToAnyError(
        'CONTEXT_FULL',
        `The model reads up to ${this.context} positions; ${sequence.length} are used and ${count} more came. ` +
          'Shorten the prompt or begin a new conversation.',
        { context: this.context, used: sequence.length, added: count },
      );
    }
    if (head !== undefined && !this.#heads.has(head)) {
      throw new AnyToAnyError(
        'MODALITY_UNKNOWN',
        `The model cannot generate "${head}": its port has no head.`,
        {
          modality: head,
        },
      );
    }
    return sequence;
  }
}

/** Opens the decoder, the heads and the tables of a bundle. */
export async function openLocalEngine(
  bundle: Bundle,
  device: Device,
  threads?: number,
): Promise<LocalEngine> {
  const { decoder, ports } = bundle.manifest;
  const options = threads === undefined ? {} : { threads };
  const tables = new Map<string, EmbeddingTable>();
  const heads = new Map<string, Head>();
  try {
    for (const [port, { table, head }] of Object.entries(ports)) {
      if (table) tables.set(port, await openTable(bundle, port, decoder.width));
      if (head) {
        const path = bundle.path(head.graph);
        const opened = new Head(device, () => device.openSession(path, options), decoder.width, head.classes);
        if (!(await isLarge(path))) await opened.open();
        heads.set(port, opened);
      }
    }
    const guides = await openGuides(bundle);
    const session = await device.openSession(bundle.path(decoder.graph), options);
    return new LocalEngine(bundle, device, session, tables, guides, heads);
  } catch (error) {
    for (const table of tables.values()) table.close();
    throw error;
  }
}

function partition<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}
