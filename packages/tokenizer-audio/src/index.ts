export type { SoundCodecOptions, SoundTokenizer } from './options.ts';
