/**
 * Files ⇄ content, by modality. A modality that is missing here has no files the command can read or write.
 */
import type { Content, ImageContent } from '@any-to-any/core';
import { readImage, writeImage } from '@any-to-any/tokenizer-image';

export interface Medium {
  /** Extensions it writes; the first is the default. */
  readonly extensions: readonly string[];
  read(path: string): Promise<Content>;
  /** Whole or not at all. */
  write(content: Content, path: string): Promise<void>;
}

export const media: Readonly<Record<string, Medium>> = {
  image: {
    extensions: ['.png', '.jpg', '.jpeg', '.webp'],
    read: (path) => readImage(path),
    // The content of a segment of the modality `image` is an ImageContent.
    write: (content, path) => writeImage(content as ImageContent, path),
  },
};

export function mediumOf(modality: string): Medium | undefined {
  return Object.hasOwn(media, modality) ? media[modality] : undefined;
}
