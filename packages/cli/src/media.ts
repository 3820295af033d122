/**
 * Files ⇄ content, by modality. A modality that is missing here has no files the command can read or write.
 */
import { extname } from 'node:path';
import type { Content, ImageContent, SoundContent } from '@any-to-any/core';
import { readSound, writeSound } from '@any-to-any/tokenizer-audio';
import { readImage, writeImage } from '@any-to-any/tokenizer-image';

export interface Medium {
  /** Extensions it writes; the first is the default. */
  readonly extensions: readonly string[];
  /** Throws ABORTED where reading takes long enough to be stopped. */
  read(path: string, signal?: AbortSignal): Promise<Content>;
  /** Whole or not at all. */
  write(content: Content, path: string, signal?: AbortSignal): Promise<void>;
}

export const media: Readonly<Record<string, Medium>> = {
  image: {
    extensions: ['.png', '.jpg', '.jpeg', '.webp'],
    read: (path) => readImage(path),
    // The content of a segment of the modality `image` is an ImageContent.
    write: (content, path) => writeImage(content as ImageContent, path),
  },
  audio: {
    extensions: ['.wav', '.mp3', '.flac', '.ogg', '.opus', '.m4a'],
    read: (path, signal) => readSound(path, { signal }),
    // The content of a segment of the modality `audio` is a SoundContent.
    write: (content, path, signal) => writeSound(content as SoundContent, path, { signal }),
  },
};

export function mediumOf(modality: string): Medium | undefined {
  return Object.hasOwn(media, modality) ? media[modality] : undefined;
}

/** `cat.png` → `image`; undefined for an extension nothing writes. */
export function modalityOf(path: string): string | undefined {
  const extension = extname(path).toLowerCase();
  return Object.keys(media).find((modality) => media[modality]!.extensions.includes(extension));
}
