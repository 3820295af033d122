/** Machine: what every turn of one pipeline shares. Put together by the host. */

import type { ReadingDefaults, SamplingDefaults, Voice } from '../bundle/manifest.ts';
import type { Adapter } from '../contract/adapter.ts';
import type { Engine } from '../contract/engine.ts';
import type { Scheduler } from '../decoder/scheduler.ts';
import type { TokenSpace } from '../token-space/space.ts';
import type { Ports } from './ports.ts';

export interface Machine {
  readonly space: TokenSpace;
  readonly engine: Engine;
  readonly scheduler: Scheduler;
  readonly ports: Ports;
  /** Modalities the model can generate. */
  readonly generates: readonly string[];
  readonly defaults: Readonly<Record<string, SamplingDefaults>>;
  /** By modality: the scales that its guide knows, where there is one. */
  readonly guides: Readonly<Record<string, readonly number[]>>;
  /** By modality: how content is read where a request does not say. */
  readonly reads: Readonly<Record<string, ReadingDefaults>>;
  /** By modality and name. */
  readonly voices: Readonly<Record<string, Readonly<Record<string, Voice>>>>;
  /** By modality, in order. */
  readonly adapters: Readonly<Record<string, readonly Adapter[]>>;
  readonly unconditional: 'empty' | 'pad';
  /** Fires when the pipeline is closed: every turn stops. */
  readonly closing: AbortSignal;
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
}
