/**
 * The held-out items and what judges them, as `training/any_to_any_training/evaluate/items.py` wrote them.
 * Nothing here knows the model that is measured.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { ImageContent, SoundContent } from '@any-to-any/core';
import { readSound } from '@any-to-any/tokenizer-audio';
import { readImage } from '@any-to-any/tokenizer-image';

export const languages = ['en', 'ko'] as const;
export type Language = (typeof languages)[number];
export type Words = Readonly<Record<Language, string>>;

/** What a picture shows. `objects` are places in `Items.names`; a pair names the left or upper one first. */
export interface Scene {
  readonly kind: 'single' | 'pair' | 'count';
  readonly objects: readonly number[];
  readonly style: string;
  readonly colour: string;
  readonly count: number;
  /** Of a pair: the first above the second instead of left of it. */
  readonly vertical: boolean;
}

export const measures = ['single', 'colour', 'two', 'relation', 'count'] as const;
export type Measure = (typeof measures)[number];

export interface PictureItem {
  readonly measure: Measure;
  readonly scene: Scene;
  /** 64 × 64 pixels. */
  readonly picture: ImageContent;
  /** As people ask for it. */
  readonly prompt: Words;
  /** As the model answers what it is: no other wording is right. */
  readonly canonical: Words;
  /** Another background for the same object. */
  readonly edit?: { readonly words: Words; readonly scene: Scene; readonly picture: ImageContent };
}

export interface SpeechItem {
  readonly language: Language;
  readonly voice: string;
  /** Whether training heard this voice say other sentences. */
  readonly knownVoice: boolean;
  readonly text: string;
  readonly scene: Scene;
  readonly picture: ImageContent;
  readonly clip: SoundContent;
}

export interface SoundItem {
  readonly scene: Scene;
  /** `the sound of a dog` */
  readonly words: Words;
  readonly picture: ImageContent;
  readonly clip: SoundContent;
}

export interface Items {
  /** Of every object. */
  readonly names: readonly { readonly en: string; readonly plural: string; readonly ko: string }[];
  /** Backgrounds, RGB. */
  readonly colours: Readonly<Record<string, readonly [number, number, number]>>;
  readonly pictures: readonly PictureItem[];
  readonly speech: readonly SpeechItem[];
  readonly sounds: readonly SoundItem[];
  /** What is asked about a picture. */
  readonly questions: { readonly picture: Words; readonly sound: Words };
  /** All English sentences that can be said, for an outside recogniser (JSGF). */
  readonly grammar: string;
  /** What the classes of the speech judge spell, base64 of UTF-8; pieces of a letter, some. */
  readonly spelling: readonly string[];
  /** What the speech judge chooses from; `classes` are places in `spelling`. */
  readonly sentences: Readonly<
    Record<Language, readonly { readonly text: string; readonly classes: readonly number[] }[]>
  >;
  /** How every sound is heard: see `speech/timbre.ts`. */
  readonly timbres: readonly { readonly text: string; readonly at: readonly number[] }[];
}

/** As in the file: pictures are places in the sheet, clips places in the reel. */
type Stored<T> = Omit<T, 'picture' | 'clip' | 'edit'> & {
  readonly picture: number;
  readonly clip?: { readonly start: number; readonly length: number };
  readonly edit?: { readonly words: Words; readonly scene: Scene; readonly picture: number };
};

interface StoredItems extends Omit<Items, 'pictures' | 'speech' | 'sounds'> {
  readonly columns: number;
  readonly side: number;
  readonly pictures: readonly Stored<PictureItem>[];
  readonly speech: readonly Stored<SpeechItem>[];
  readonly sounds: readonly Stored<SoundItem>[];
}

export async function loadItems(directory: string): Promise<Items> {
  // The file is ours and was written together with this reader.
  const stored = JSON.parse(await readFile(join(directory, 'items.json'), 'utf8')) as StoredItems;
  const picture = await loadPictures(join(directory, 'pictures.png'), stored.columns, stored.side);
  const reel = await readSound(gunzipSync(await readFile(join(directory, 'clips.wav.gz'))));
  const clip = ({ start, length } = { start: 0, length: 0 }): SoundContent => ({
    modality: 'audio',
    rate: reel.rate,
    samples: reel.samples.slice(start, start + length),
  });
  return {
    ...stored,
    pictures: stored.pictures.map(({ edit, ...item }) => ({
      ...item,
      picture: picture(item.picture),
      ...(edit && { edit: { ...edit, picture: picture(edit.picture) } }),
    })),
    speech: stored.speech.map((item) => ({ ...item, picture: picture(item.picture), clip: clip(item.clip) })),
    sounds: stored.sounds.map((item) => ({ ...item, picture: picture(item.picture), clip: clip(item.clip) })),
  };
}

/** Place → picture, cut out of a sheet. */
export async function loadPictures(
  path: string,
  columns = 10,
  side = 64,
): Promise<(place: number) => ImageContent> {
  const sheet = await readImage(path);
  return (place) => {
    const left = (place % columns) * side;
    const top = Math.floor(place / columns) * side;
    const data = new Uint8Array(side * side * 4);
    for (let y = 0; y < side; y++) {
      const from = ((top + y) * sheet.width + left) * 4;
      data.set(sheet.data.subarray(from, from + side * 4), y * side * 4);
    }
    return { modality: 'image', width: side, height: side, data };
  };
}
