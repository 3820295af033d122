/** Melody → a WAV file of plain tones: 16 bits, mono. Nothing but arithmetic and a Buffer. */
import type { MelodyContent } from './own-tokenizer.ts';

const rate = 16_000;
/** Seconds of an eighth. */
const eighth = 0.2;

const semitones: Readonly<Record<string, number>> = { C: 0, D: 2, E: 4, F: 5, G: 7, A: 9, B: 11 };

/** Hz of `A4` → 440, of `C4` → 261.6; 0 for a rest. */
export function frequencyOf(pitch: string): number {
  const [, letter, sharp, octave] = /^([A-G])(#?)(\d)$/.exec(pitch) ?? [];
  if (letter === undefined) return 0;
  const key = semitones[letter]! + (sharp === '#' ? 1 : 0) + 12 * Number(octave);
  return 440 * 2 ** ((key - 57) / 12);
}

export function wavOf({ notes }: MelodyContent): Buffer {
  const samples = notes.flatMap(tone);
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + 2 * samples.length, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20); // PCM
  header.writeUInt16LE(1, 22); // one channel
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(2 * rate, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(2 * samples.length, 40);
  return Buffer.concat([header, Buffer.from(Int16Array.from(samples).buffer)]);
}

/** A sine that fades, so that repeated notes can be told apart. */
function tone(note: string): number[] {
  const [pitch, eighths] = note.split('/') as [string, string]; // checked by the tokenizer
  const length = Math.round(Number(eighths) * eighth * rate);
  const step = (2 * Math.PI * frequencyOf(pitch)) / rate;
  return Array.from({ length }, (_, i) => Math.round(12_000 * Math.sin(step * i) * (1 - i / length)));
}
