/**
 * Pipeline: a model with its plugins, ready to use. Single calls and conversations share one decoder.
 */
import type { SamplingDefaults, Voice } from '../bundle/manifest.ts';
import type { Adapter } from '../contract/adapter.ts';
import type { Event } from '../contract/event.ts';
import { AnyToAnyError } from '../errors.ts';
import type { TokenSpace } from '../token-space/space.ts';
import { type Answer, collect } from './answer.ts';
import { type Conversation, createConversation } from './conversation.ts';
import type { Machine } from './machine.ts';
import type { Request } from './request.ts';

export interface Pipeline {
  readonly name: string;
  readonly space: TokenSpace;
  /** Modalities the model can generate. */
  readonly generates: readonly string[];
  /** What options of a request are when they are left out, by modality. */
  readonly defaults: Readonly<Record<string, SamplingDefaults>>;
  /** Between which strengths guidance may be distilled, by modality: the scales that the model has vectors for. */
  readonly guides: Readonly<Record<string, readonly number[]>>;
  /** What `options.MODALITY.voice` may say, by modality and name. */
  readonly voices: Readonly<Record<string, Readonly<Record<string, Voice>>>>;
  /** What refines content after it is decoded, by modality, in order. */
  readonly adapters: Readonly<Record<string, readonly Pick<Adapter, 'name' | 'choices'>[]>>;
  /** One answer as it comes; leaving the loop stops the decoder. */
  stream(request: Request): AsyncIterable<Event>;
  /** One whole answer. */
  generate(request: Request): Promise<Answer>;
  /** A sequence that is kept until it is disposed. */
  conversation(): Conversation;
  /** Waits for the step in flight, then frees everything. */
  close(): Promise<void>;
}

export function createPipelineOf(name: string, machine: Machine, release: () => Promise<void>): Pipeline {
  let closed: Promise<void> | undefined;

  function conversation(): Conversation {
    if (closed) throw new AnyToAnyError('PIPELINE_CLOSED', 'The pipeline was closed. Create a new one.');
    return createConversation(machine, { sequence: machine.engine.open(), segments: 0, pending: [] });
  }

  async function* stream(request: Request): AsyncGenerator<Event, void, undefined> {
    const single = conversation();
    try {
      yield* single.stream(request);
    } finally {
      single.dispose();
    }
  }

  return {
    name,
    space: machine.space,
    generates: machine.generates,
    defaults: machine.defaults,
    guides: machine.guides,
    voices: machine.voices,
    adapters: machine.adapters,
    stream,
    generate: (request): Promise<Answer> => collect(stream(request)),
    conversation,
    close() {
      closed ??= release();
      return closed;
    },
  };
}
