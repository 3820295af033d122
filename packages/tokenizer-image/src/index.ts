export { joinImage } from './join.ts';
export { type Planar, rgbaOf } from './picture/fit.ts';
export type { ImageFormat } from './picture/format.ts';
export { type ImageLimits, readImage } from './picture/read.ts';
export {
  type EncodeFileOptions,
  encodeImageFile,
  type WriteImageOptions,
  writeImage,
} from './picture/write.ts';
export { type ImagePluginOptions, imagePlugin } from './plugin.ts';
export type { Previews } from './vq/decode.ts';
export { decodeRegion, type IdGrid, type Region } from './vq/region.ts';
