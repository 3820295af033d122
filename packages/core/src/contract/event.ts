/**
 * Events: what a generation tells, in order. `generate()` only drains these.
 */
import type { Content } from './content.ts';
import type { Delta } from './delta.ts';
import type { Shape } from './layout.ts';

export type Event = SegmentStart | SegmentDelta | SegmentEnd | Progress | Finish;

export interface SegmentStart {
  readonly type: 'segment-start';
  /** Counts the segments of this answer from 0. */
  readonly segment: number;
  readonly modality: string;
  readonly shape: Shape;
}

export interface SegmentDelta {
  readonly type: 'segment-delta';
  readonly segment: number;
  readonly delta: Delta;
}

export interface SegmentEnd {
  readonly type: 'segment-end';
  readonly segment: number;
  /** The whole segment: its deltas joined. */
  readonly content: Content;
  /** The local ids it was decoded from. */
  readonly ids: Uint32Array;
}

export interface Progress {
  readonly type: 'progress';
  readonly segment: number;
  /** Ids so far. */
  readonly done: number;
  /** Ids the segment will have, where its shape says so. */
  readonly total?: number | undefined;
  /** Ids per second since the segment began. */
  readonly rate: number;
}

export interface Finish {
  readonly type: 'finish';
  /** `end`: the model ended; `stop`: the requested segments are complete; `length`: a limit was reached. */
  readonly reason: 'end' | 'stop' | 'length';
  readonly usage: Usage;
}

export interface Usage {
  /** Positions prefilled for this call, over all guidance rows. */
  readonly prefilled: number;
  /** Ids sampled. */
  readonly generated: number;
  /** Positions that were already in the cache when the call began. */
  readonly reused: number;
}
