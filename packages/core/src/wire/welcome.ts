/**
 * Welcome: the first frame of a connection. What the model can do and how much the server takes, as data.
 */
import type { AdapterChoices } from '../contract/adapter.ts';

export interface Welcome {
  readonly type: 'welcome';
  /** The model's name. */
  readonly name: string;
  readonly modalities: Readonly<Record<string, ModalityCard>>;
  readonly limits: WireLimits;
}

/** What the model can do with one modality. */
export interface ModalityCard {
  readonly reads: boolean;
  readonly makes: boolean;
  /** Options of a request and what they are when left out: temperature, guidance, … */
  readonly defaults: Readonly<Record<string, number>>;
  /** Scales of guidance that take one row; empty where guidance always takes two. */
  readonly guides: readonly number[];
  /** What `options.MODALITY.voice` may say → words for people; the first is the default. */
  readonly voices: Readonly<Record<string, string>>;
  /** What refines what is made, in order; only where there is something to choose. */
  readonly adapters: readonly AdapterCard[];
}

export interface AdapterCard extends AdapterChoices {
  readonly name: string;
}

export interface WireLimits {
  /** Most bytes of one message to the server. */
  readonly bytes: number;
}
