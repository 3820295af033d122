/**
 * Sound as it comes → a WAV file. Its length is put into the header at the end, and only then is the file in its place.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { AnyToAnyError, rejectUnknownOptions } from '@any-to-any/core';
import { checkFileRate, invalid } from './check.ts';
import { soundFormatFor } from './format.ts';
import { type WavBits, wavEnd, wavHeader, wavSamples } from './wav/write.ts';
import { beginWhole, cannotWrite, type WholeFile } from './whole.ts';
import { checkBits } from './write.ts';

export interface SoundWriter {
  /** Appends mono samples in −1…1. Calls may overlap; they are carried out in their order. */
  write(samples: Float32Array): Promise<void>;
  /** Completes the file and puts it in its place, where it replaces an older one. */
  close(): Promise<void>;
  /** Gives the file up; nothing after `close`. */
  discard(): Promise<void>;
}

export interface SoundWriterOptions {
  /** 16 (default) or 24, whole numbers; 32, floats. */
  readonly bits?: WavBits | undefined;
}

/**
 * A file that is written while its sound is made. `rate`: Hz. After any failure the file is gone.
 * Throws FORMAT_UNKNOWN unless the path ends in .wav, CONTENT_INVALID, OPTION_INVALID if it cannot be written.
 */
export async function createSoundWriter(
  path: string,
  rate: number,
  options: SoundWriterOptions = {},
): Promise<SoundWriter> {
  rejectUnknownOptions(options, ['bits'], 'createSoundWriter');
  const format = soundFormatFor(path);
  if (format !== 'wav') {
    throw new AnyToAnyError(
      'FORMAT_UNKNOWN',
      `Sound is written as it comes to .wav only, got "${path}". Use writeSound once it is whole.`,
      { path },
    );
  }
  checkBits(format, options.bits);
  checkFileRate(rate);
  const place = await beginWhole(path);
  const file = await open(place.temporary, 'wx').catch(async (cause: unknown) => {
    await place.discard();
    throw cannotWrite(path, cause);
  });
  return new WavWriter(path, rate, options.bits ?? 16, place, file);
}

class WavWriter implements SoundWriter {
  readonly #path: string;
  readonly #rate: number;
  readonly #bits: WavBits;
  readonly #place: WholeFile;
  readonly #file: FileHandle;
  #samples = 0;
  #closed = false;
  #last: Promise<void>;

  constructor(path: string, rate: number, bits: WavBits, place: WholeFile, file: FileHandle) {
    this.#path = path;
    this.#rate = rate;
    this.#bits = bits;
    this.#place = place;
    this.#file = file;
    this.#last = file.writeFile(wavHeader(rate, bits, 0));
    this.#last.catch(() => {}); // the next call reports it
  }

  write(samples: Float32Array): Promise<void> {
    return this.#next(async () => {
      const bytes = wavSamples(samples, this.#bits, this.#samples);
      wavHeader(this.#rate, this.#bits, this.#samples + samples.length); // throws once the format is full
      await this.#file.writeFile(bytes);
      this.#samples += samples.length;
    });
  }

  close(): Promise<void> {
    return this.#next(async () => {
      if (this.#samples === 0) throw invalid('Expected at least one sample, got none.');
      const header = wavHeader(this.#rate, this.#bits, this.#samples);
      await this.#file.writeFile(wavEnd(this.#bits, this.#samples));
      await this.#file.write(header, 0, header.length, 0);
      this.#closed = true;
      await this.#file.close();
      await this.#place.commit();
    });
  }

  async discard(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#last.catch(() => {});
    await this.#file.close();
    await this.#place.discard();
  }

  /** Runs `work` after everything before it; a failure gives the file up. */
  #next(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(async () => {
      if (this.#closed) throw cannotWrite(this.#path, 'the writer is closed');
      await work();
    });
    this.#last = done.catch(async (error: unknown) => {
      throw await this.#failed(error);
    });
    const result = this.#last;
    result.catch(() => {});
    return result;
  }

  async #failed(error: unknown): Promise<unknown> {
    if (!this.#closed) {
      this.#closed = true;
      await this.#file.close();
      await this.#place.discard();
    }
    return AnyToAnyError.is(error) ? error : cannotWrite(this.#path, error);
  }
}
