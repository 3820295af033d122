/**
 * Files of the reader's device: what is dropped or picked becomes an attachment, what was made can be saved.
 */

import type { FileContent } from '@any-to-any/client';
import type { Content } from '@any-to-any/core';
import type { Phrase } from './strings.ts';

export interface Attachment {
  readonly name: string;
  readonly modality: 'image' | 'audio';
  readonly content: Content | FileContent;
  /** What shows it: an address of this page's own memory. */
  readonly preview: string;
}

/** Samples per second that sounds are read with, Hz; the model's own reader takes any. */
const rate = 24_000;

/** Longest sound of a prompt, seconds. */
const longest = 60;

/** Why a file is not taken, as a phrase of the page. */
export class Unreadable extends Error {
  readonly phrase: Phrase;
  readonly values: Readonly<Record<string, string | number>>;

  constructor(phrase: Phrase, values: Readonly<Record<string, string | number>> = {}) {
    super(phrase);
    this.phrase = phrase;
    this.values = values;
  }
}

/** What a file can be for a model, by its type: `image/png` → `image`. */
export function modalityOf({ type }: Blob): 'image' | 'audio' | undefined {
  if (type.startsWith('image/')) return 'image';
  // Recordings of the microphone come as video without pictures in some browsers.
  return type.startsWith('audio/') || type === 'video/webm' ? 'audio' : undefined;
}

/** Pictures stay files, for the server reads them as the library does; sounds are decoded by the browser. */
export async function readAttachment(file: Blob, name: string, most: number): Promise<Attachment> {
  const modality = modalityOf(file);
  if (!modality) throw new Unreadable('notMedia');
  if (file.size > most) {
    throw new Unreadable('tooLarge', { size: megabytes(file.size), most: megabytes(most) });
  }
  const bytes = new Uint8Array(await file.arrayBuffer());
  const preview = URL.createObjectURL(file);
  if (modality === 'image') return { name, modality, preview, content: { modality, file: bytes } };
  return { name, modality, preview, content: await decodeSound(bytes.buffer) };
}

async function decodeSound(file: ArrayBuffer): Promise<Content> {
  const decoded = await new OfflineAudioContext(1, 1, rate).decodeAudioData(file).catch(() => undefined);
  if (!decoded) throw new Unreadable('noSound');
  if (decoded.duration > longest) throw new Unreadable('tooLong', { most: longest });
  const samples = new Float32Array(decoded.length);
  for (let channel = 0; channel < decoded.numberOfChannels; channel++) {
    const own = decoded.getChannelData(channel);
    for (let at = 0; at < samples.length; at++) samples[at]! += own[at]! / decoded.numberOfChannels;
  }
  // Content of the modality `audio` is samples with their rate.
  return { modality: 'audio', rate: decoded.sampleRate, samples } as Content;
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

export function saveFile(file: Blob, name: string): void {
  const address = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
