/** Answer: what `generate()` returns. It only drains the events. */
import type { Content } from '../contract/content.ts';
import type { Event, Finish } from '../contract/event.ts';

export interface AnswerSegment {
  readonly content: Content;
  /** The local ids it was decoded from. */
  readonly ids: Uint32Array;
}

export interface Answer {
  readonly segments: readonly AnswerSegment[];
  readonly reason: Finish['reason'];
  readonly usage: Finish['usage'];
}

export async function collect(events: AsyncIterable<Event>): Promise<Answer> {
  const segments: AnswerSegment[] = [];
  let finish: Finish | undefined;
  for await (const event of events) {
    if (event.type === 'segment-end') segments.push({ content: event.content, ids: event.ids });
    if (event.type === 'finish') finish = event;
  }
  // A stream that does not throw always ends with finish.
  const { reason, usage } = finish!;
  return { segments, reason, usage };
}
