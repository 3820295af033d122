/** The options of one generated segment: what the request says, else the bundle, else the toolkit. */
import type { GuideUse } from '../contract/engine.ts';
import type { Shape } from '../contract/layout.ts';
import { type SamplingOptions, samplingOptionNames } from '../decoder/sampling/sampler.ts';
import { guidanceOf } from './guidance.ts';
import type { Machine } from './machine.ts';
import type { CheckedRequest } from './request.ts';

/** Ids of a segment without a fixed length, if nobody says otherwise. */
const defaultMaxIds = 256;

export interface SegmentOptions {
  readonly sampling: SamplingOptions;
  readonly guidance: number;
  /** What guides the segment in one row; absent: a guidance other than 1 takes two. */
  readonly guide: GuideUse | undefined;
  readonly maxIds: number;
  readonly shape: Shape | undefined;
}

export function segmentOptions(machine: Machine, request: CheckedRequest, modality: string): SegmentOptions {
  const own = request.options[modality] ?? {};
  const defaults = machine.defaults[modality] ?? {};
  const sampling = Object.fromEntries(samplingOptionNames.map((name) => [name, own[name] ?? defaults[name]]));
  return {
    sampling,
    ...guidanceOf(machine, own, modality),
    maxIds: own.maxIds ?? defaults.maxIds ?? defaultMaxIds,
    shape: own.shape,
  };
}
