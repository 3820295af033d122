/** For tests: events that say when they were pulled, links without a network, and a pipeline without a model. */
import type { Event, Pipeline } from '@any-to-any/core';
import { decodeFrame, type Frame } from '@any-to-any/core/wire';
import type { Link } from './generation/generation.ts';

/** `count` pieces of text and the finish; counts what was pulled, and whether it was closed. */
export function scripted(count: number, characters = 10) {
  const script = { pulled: 0, closed: false, aborted: false };
  async function* events(signal?: AbortSignal): AsyncGenerator<Event, void, undefined> {
    signal?.addEventListener('abort', () => {
      script.aborted = true;
    });
    try {
      for (let index = 0; index < count; index++) {
        script.pulled++;
        const delta = { modality: 'text', text: String(index % 10).repeat(characters) };
        yield { type: 'segment-delta', segment: 0, delta };
      }
      script.pulled++;
      yield { type: 'finish', reason: 'stop', usage: { prefilled: 0, generated: count, reused: 0 } };
    } finally {
      script.closed = true;
    }
  }
  return { script, events };
}

export class FakeLink implements Link {
  congested = false;
  readonly frames: Frame[] = [];

  get sequences(): number[] {
    return this.frames.map(({ sequence }) => sequence);
  }

  send(bytes: Uint8Array): void {
    const frame = decodeFrame(bytes);
    if (frame) this.frames.push(frame);
  }
}

/** Until nothing more happens by itself. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Reads and makes text; its stream is the given one. */
export function fakePipeline(stream: Pipeline['stream']): Pipeline {
  const space = { regions: [{ modality: 'text' }] };
  // Only what the server asks of a pipeline is there.
  const told = {
    name: 'fake',
    space,
    generates: ['text'],
    defaults: {},
    guides: {},
    voices: {},
    adapters: {},
  };
  return { ...told, stream } as unknown as Pipeline;
}
