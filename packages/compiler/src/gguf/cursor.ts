/**
 * Reads the little-endian values of a GGUF header one after the other. Knows when it has too few bytes to go on,
 * and refuses counts and lengths that the whole file could not hold.
 */
import { checkpointInvalid } from '../safetensors/invalid.ts';

/** Thrown and caught here alone. */
class TooShort {}

const decoder = new TextDecoder('utf-8', { fatal: true });

export class Cursor {
  at = 0;
  readonly #file: string;
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #fileBytes: number;

  constructor(file: string, bytes: Uint8Array, fileBytes: number) {
    this.#file = file;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#fileBytes = fileBytes;
  }

  /** undefined if there are more bytes in the file than were given, and they are needed. */
  attempt<T>(parse: () => T): T | undefined {
    try {
      return parse();
    } catch (error) {
      if (!(error instanceof TooShort)) throw error;
      if (this.#bytes.length < this.#fileBytes) return undefined;
      throw checkpointInvalid(
        this.#file,
        `the header goes on behind the ${this.#fileBytes} bytes of the file. It is truncated.`,
      );
    }
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  u64(): number {
    const value = Number(this.#view.getBigUint64(this.#take(8), true));
    if (Number.isSafeInteger(value)) return value;
    throw checkpointInvalid(this.#file, `the header holds the number ${value}, too large for any file.`);
  }

  /** How many of something come, each of which takes at least `least` bytes. */
  count(what: string, least: number): number {
    const count = this.u64();
    if (this.at + count * least <= this.#fileBytes) return count;
    throw checkpointInvalid(
      this.#file,
      `the header promises ${count} entries of ${what}, more than ${this.#fileBytes} bytes can hold.`,
    );
  }

  text(): string {
    const length = this.count('text', 1);
    const at = this.#take(length);
    try {
      return decoder.decode(this.#bytes.subarray(at, at + length));
    } catch (cause) {
      throw checkpointInvalid(this.#file, `the text at byte ${at} is not UTF-8.`, { cause });
    }
  }

  /** A value of one of GGUF's types but the list, by its number; undefined for a number that is none. */
  value(type: number): number | bigint | boolean | string | undefined {
    const view = this.#view;
    switch (type) {
      case 0:
        return view.getUint8(this.#take(1));
      case 1:
        return view.getInt8(this.#take(1));
      case 2:
        return view.getUint16(this.#take(2), true);
      case 3:
        return view.getInt16(this.#take(2), true);
      case 4:
        return this.u32();
      case 5:
        return view.getInt32(this.#take(4), true);
      case 6:
        return view.getFloat32(this.#take(4), true);
      case 7:
        return view.getUint8(this.#take(1)) !== 0;
      case 8:
        return this.text();
      case 10:
        return view.getBigUint64(this.#take(8), true);
      case 11:
        return view.getBigInt64(this.#take(8), true);
      case 12:
        return view.getFloat64(this.#take(8), true);
      default:
        return undefined;
    }
  }

  #take(bytes: number): number {
    const at = this.at;
    if (at + bytes > this.#bytes.length) throw new TooShort();
    this.at = at + bytes;
    return at;
  }
}
