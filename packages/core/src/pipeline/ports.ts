/**
 * Ports: the plugins of one pipeline by modality. Filled by the host.
 */
import type { Adapter } from '../contract/adapter.ts';
import type { Encoder } from '../contract/encoder.ts';
import type { Processor } from '../contract/processor.ts';
import type { Tokenizer } from '../contract/tokenizer.ts';

export interface Ports {
  /** Throws PLUGIN_MISSING or MODALITY_UNKNOWN. */
  tokenizer(modality: string): Promise<Tokenizer>;
  /** undefined: the modality is read as ids. */
  encoder(modality: string): Promise<Encoder | undefined>;
  adapters(modality: string): Promise<readonly Adapter[]>;
  readonly processors: readonly Processor[];
}
