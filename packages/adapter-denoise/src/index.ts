export { type DenoiseAdapter, denoiseAdapter, lanczosAdapter } from './adapter.ts';
export { enlarge as enlargeByLanczos } from './lanczos.ts';
export type {
  DenoiseOptions,
  LanczosOptions,
  PatchesOptions,
  Scale,
  UpsamplerOptions,
} from './options.ts';
export { denoisePlugin } from './plugin.ts';
export {
  type KarrasSchedule,
  type LogLinearSchedule,
  rollingSigmas,
  type SigmaSchedule,
  sigmasOf,
} from './schedule.ts';
export { type Upsampler, upsamplerAdapter } from './upsampler/adapter.ts';
export type { UpsamplerUse } from './upsampler/open.ts';
