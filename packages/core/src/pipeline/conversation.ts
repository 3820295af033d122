/**
 * Conversation: one sequence kept across turns and modalities. What was read or generated stays in the cache,
 * so a later turn prefills only what is new. A turn that fails or is stopped leaves no trace. What was drawn with a
 * guide stays in the cache as it was drawn, its vector added: a later turn reads a guided picture, as in training.
 */
import type { Event } from '../contract/event.ts';
import { AnyToAnyError } from '../errors.ts';
import { type Answer, collect } from './answer.ts';
import { channel } from './channel.ts';
import type { Machine } from './machine.ts';
import { checkRequest, type Request } from './request.ts';
import { type Context, runTurn } from './turn.ts';

export interface Conversation {
  /** Positions in the cache. */
  readonly length: number;
  /** Continues the conversation. Throws SEQUENCE_BUSY while another turn runs. */
  stream(request: Request): AsyncIterable<Event>;
  generate(request: Request): Promise<Answer>;
  /** A second conversation with the same past; nothing is computed again. */
  fork(): Conversation;
  /** Frees the cache. Harmless when called twice. */
  dispose(): void;
}

export function createConversation(machine: Machine, context: Context): Conversation {
  let busy = false;
  let disposed = false;

  async function* stream(request: Request): AsyncGenerator<Event, void, undefined> {
    check();
    const checked = checkRequest(request, machine);
    busy = true;
    const { segments, pending, last } = context;
    const before = { length: context.sequence.length, segments, pending, last };
    const signal = AbortSignal.any(checked.signal ? [checked.signal, machine.closing] : [machine.closing]);
    let complete = false;
    try {
      yield* channel<Event>(async (emit, stop) => {
        await runTurn(machine, context, checked, emit, stop);
        complete = true;
      }, signal);
    } finally {
      busy = false;
      if (disposed) context.sequence.dispose();
      else if (!complete) restore(before);
    }
  }

  function restore(before: Omit<Context, 'sequence'> & { readonly length: number }): void {
    const { length, segments, pending, last } = before;
    // A turn that was stopped while it scored the last position once more has taken it out of the cache.
    const missing = context.sequence.length < length && last !== undefined ? [last] : [];
    if (missing.length === 0) context.sequence.truncate(length);
    Object.assign(context, { segments, pending: [...missing, ...pending], last });
  }

  function check(): void {
    if (disposed) {
      throw new AnyToAnyError('SEQUENCE_DISPOSED', 'The conversation was disposed. Begin a new one.');
    }
    if (busy) {
      throw new AnyToAnyError(
        'SEQUENCE_BUSY',
        'The conversation is in the middle of a turn. Await it, or fork before.',
      );
    }
  }

  return {
    get length() {
      return context.sequence.length;
    },
    stream,
    generate: (request) => collect(stream(request)),
    fork() {
      check();
      return createConversation(machine, {
        sequence: context.sequence.fork(),
        segments: context.segments,
        pending: context.pending,
        last: context.last,
      });
    },
    dispose() {
      disposed = true;
      if (!busy) context.sequence.dispose();
    },
  };
}
