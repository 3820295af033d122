/**
 * Engine: who runs the decoder for a batch of sequences. In process (ONNX Runtime) or behind a wire.
 * It turns positions into logits; which ids are legal and which one is taken is decided above it.
 */
import type { Layout, Shape } from './layout.ts';

export interface Engine {
  /** Longest sequence, positions. */
  readonly context: number;
  /** Width of an embedding. */
  readonly width: number;
  /** Begins an empty sequence. It takes memory only once something is appended. */
  open(): EngineSequence;
  /** One step for several sequences at once: appends the runs of each and returns the logits asked for, in order. */
  append(requests: readonly AppendRequest[], signal?: AbortSignal): Promise<readonly AppendResult[]>;
  close(): Promise<void>;
}

export interface EngineSequence {
  /** Positions so far. */
  readonly length: number;
  /** A new sequence with the same first positions; nothing is computed again. */
  fork(): EngineSequence;
  /** Forgets every position from `length` on. */
  truncate(length: number): void;
  dispose(): void;
}

export interface AppendRequest {
  readonly sequence: EngineSequence;
  readonly runs: readonly Run[];
  /** The port whose head scores the position after the last one; absent: no logits are needed. */
  readonly head?: string | undefined;
}

export interface AppendResult {
  /** Scores of the head's ids after the last position; empty if no head was asked for. */
  readonly logits: Float32Array;
}

/** Consecutive positions of one kind: ids of one port, or embeddings. */
export type Run = IdRun | EmbeddingRun;

export interface IdRun {
  /** The port whose table holds the ids: a modality, or `marks`. */
  readonly port: string;
  /** Ids local to the port. */
  readonly ids: Uint32Array;
  readonly place?: Place | undefined;
  /** How strongly what these ids belong to is to follow its prompt; absent: not guided by a vector. */
  readonly guide?: GuideUse | undefined;
}

/** The vector of a port's guide at a scale, which is added to every embedding of a run. */
export interface GuideUse {
  readonly port: string;
  readonly scale: number;
}

export interface EmbeddingRun {
  readonly port: string;
  /** `[count, width]`, row-major. */
  readonly embeddings: Float32Array;
  readonly count: number;
  readonly place?: Place | undefined;
}

/** Where a run lies inside its segment; marks lie in none. */
export interface Place {
  /** Distinguishes the segments of one sequence. */
  readonly segment: number;
  /** Index in the segment of the run's first position. */
  readonly start: number;
  readonly layout: Layout;
  readonly shape: Shape;
}
