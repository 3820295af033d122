/**
 * Processor: logits → logits, in place, before sampling. Runs after guidance and before temperature.
 */
export interface Processor {
  readonly name: string;
  /** The modality whose logits it changes; absent: every one. */
  readonly modality?: string | undefined;
  process(logits: Float32Array, state: ProcessorState): void;
}

export interface ProcessorState {
  readonly modality: string;
  /** Local ids of the open segment so far; `logits[i]` scores local id `i`, the last one the closing mark. */
  readonly ids: readonly number[];
}
