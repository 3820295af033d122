export type { Ask, FileContent } from './ask.ts';
export { type CanvasLike, createPainter, type Painter, toPng } from './canvas.ts';
export {
  type Client,
  type ConnectOptions,
  connect,
  type GenerateOptions,
  type Generation,
} from './client.ts';
export type { ConnectionState, Socket } from './connection.ts';
export { type Added, type Cell, type Picture, PictureBuilder } from './picture.ts';
export { type AudioContextLike, Player, type PlayerOptions } from './player.ts';
export { peaks, SoundBuilder, toWav } from './sound.ts';
export { placeTile, type Tile } from './tile.ts';
