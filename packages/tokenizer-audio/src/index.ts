export { openSoundEncoder } from './encoder.ts';
export type { SoundFormat } from './files/format.ts';
export type { FfmpegOptions, SoundReadOptions } from './files/options.ts';
export { readSound } from './files/read.ts';
export { encodeWav, type WavBits } from './files/wav/write.ts';
export { type SoundWriteOptions, writeSound } from './files/write.ts';
export { createSoundWriter, type SoundWriter, type SoundWriterOptions } from './files/writer.ts';
export { joinSound } from './join.ts';
export type { EncoderOptions, TokenizerOptions } from './options.ts';
export { audioPlugin } from './plugin.ts';
export { checkSeries, type SeriesContent, type SeriesLimits } from './series/content.ts';
export { createSeriesEncoder, type SeriesEncoderOptions } from './series/encoder.ts';
export { normalisePatches, type PatchOptions } from './series/patches.ts';
export { readSeriesWeights, type SeriesSizes, type SeriesWeights } from './series/weights.ts';
export {
  type EncodeStreamOptions,
  isSoundTokenizer,
  openSoundTokenizer,
  type SoundTokenizer,
} from './tokenizer.ts';
