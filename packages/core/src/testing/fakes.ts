/**
 * Fakes: an engine and a tokenizer without any network, for tests of what is built on them.
 * The engine's logits are a pure function of everything that was appended, so a wrong history shows.
 */
import type { Content, TextContent } from '../contract/content.ts';
import type { TextDelta } from '../contract/delta.ts';
import type { AppendRequest, AppendResult, Engine, EngineSequence, Run } from '../contract/engine.ts';
import type { Tokenizer } from '../contract/tokenizer.ts';
import { uniform } from '../decoder/random.ts';
import { AnyToAnyError, throwIfAborted } from '../errors.ts';
import { lineLayout } from '../token-space/layout.ts';

export interface FakeEngineOptions {
  /** Port → number of logits its head gives. */
  readonly heads: Readonly<Record<string, number>>;
  readonly context?: number;
  /** Milliseconds one step takes. Default 0. */
  readonly delay?: number;
}

export interface FakeEngine extends Engine {
  /** Sequences that were opened or forked and not disposed. */
  readonly live: number;
  /** Positions and rows of every step so far. */
  readonly steps: readonly { readonly rows: number; readonly positions: number }[];
}

export function fakeEngine({ heads, context = 512, delay = 0 }: FakeEngineOptions): FakeEngine {
  const steps: { rows: number; positions: number }[] = [];
  let live = 0;

  class FakeSequence implements EngineSequence {
    history: string[] = [];
    disposed = false;
    constructor() {
      live++;
    }
    get length(): number {
      return this.history.length;
    }
    fork(): FakeSequence {
      this.check();
      const copy = new FakeSequence();
      copy.history = [...this.history];
      return copy;
    }
    truncate(length: number): void {
      this.check();
      this.history.length = length;
    }
    dispose(): void {
      if (!this.disposed) live--;
      this.disposed = true;
    }
    check(): void {
      if (this.disposed) throw new AnyToAnyError('SEQUENCE_DISPOSED', 'The sequence was disposed.');
    }
  }

  return {
    context,
    width: 1,
    steps,
    get live() {
      return live;
    },
    open: () => new FakeSequence(),
    async append(requests: readonly AppendRequest[], signal?: AbortSignal): Promise<AppendResult[]> {
      throwIfAborted(signal, 'a step');
      const added = requests.map(({ sequence, runs }) => {
        const own = sequence as FakeSequence;
        own.check();
        const symbols = runs.flatMap(symbolsOf);
        if (own.length + symbols.length > context) {
          throw new AnyToAnyError(
            'CONTEXT_FULL',
            `${own.length} + ${symbols.length} positions exceed ${context}.`,
          );
        }
        return { own, symbols };
      });
      if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
      throwIfAborted(signal, 'a step');
      steps.push({
        rows: requests.length,
        positions: added.reduce((sum, { symbols }) => sum + symbols.length, 0),
      });
      return requests.map(({ head }, index) => {
        const { own, symbols } = added[index]!;
        own.history.push(...symbols);
        const size = head === undefined ? 0 : heads[head]!;
        const seed = hash(own.history.join(' '));
        return { logits: Float32Array.from({ length: size }, (_, id) => uniform(seed, id) * 4) };
      });
    },
    async close() {},
  };
}

/** One letter an id, `a…z` and space, in words of text. */
export function fakeTokenizer(modality = 'text'): Tokenizer<TextContent, TextDelta> {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz ';
  const letter = (id: number): string => {
    const found = Number.isInteger(id) ? alphabet[id] : undefined;
    if (found === undefined)
      throw new AnyToAnyError('ID_OUT_OF_RANGE', `Expected an id of 0…26, got ${id}.`, { id });
    return found;
  };
  return {
    modality,
    size: alphabet.length,
    layout: lineLayout({ buckets: 32, maxDistance: 128 }),
    shape: () => ({ kind: 'line' }),
    async encode(content: Content, options = {}) {
      throwIfAborted(options.signal, 'encoding');
      const { text } = content as Partial<TextContent>;
      if (
        content.modality !== modality ||
        typeof text !== 'string' ||
        [...text].some((c) => !alphabet.includes(c))
      ) {
        throw new AnyToAnyError('CONTENT_INVALID', `Expected ${modality} of lower-case letters and spaces.`);
      }
      return { ids: Uint32Array.from(text, (c) => alphabet.indexOf(c)), shape: { kind: 'line' } };
    },
    async *decode(ids, { signal }) {
      for await (const id of ids) {
        throwIfAborted(signal, 'decoding');
        yield { modality: 'text', text: letter(id) };
      }
    },
    join: (deltas) => ({ modality: 'text', text: [...deltas].map((delta) => delta.text).join('') }),
  };
}

function symbolsOf(run: Run): string[] {
  if ('embeddings' in run)
    return Array.from({ length: run.count }, (_, i) => `${run.port}:e${run.embeddings[i]}`);
  const guide = run.guide ? `+${run.guide.port}@${run.guide.scale}` : '';
  return [...run.ids].map((id) => `${run.port}:${id}${guide}`);
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}
