export type { DenoiseAdapter, DenoiseOptions, SigmaSchedule } from './options.ts';
