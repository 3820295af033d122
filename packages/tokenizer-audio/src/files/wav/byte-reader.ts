/**
 * Pieces of any length → as many bytes as are asked for. For formats that are read from front to back.
 */
export class ByteReader {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);
  #position = 0;

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  /** Bytes that were taken or skipped. */
  get position(): number {
    return this.#position;
  }

  /** The next bytes that are at hand, at most `most`; undefined at the end. */
  async next(most = Number.POSITIVE_INFINITY): Promise<Uint8Array | undefined> {
    while (this.#rest.length === 0) {
      const { done, value } = await this.#pieces.next();
      if (done) return undefined;
      this.#rest = value;
    }
    const bytes = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(bytes.length);
    this.#position += bytes.length;
    return bytes;
  }

  /** `length` bytes, or fewer at the end. */
  async take(length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    let count = 0;
    while (count < length) {
      const piece = await this.next(length - count);
      if (!piece) break;
      bytes.set(piece, count);
      count += piece.length;
    }
    return bytes.subarray(0, count);
  }

  async skip(length: number): Promise<void> {
    for (let left = length; left > 0; ) {
      const piece = await this.next(left);
      if (!piece) return;
      left -= piece.length;
    }
  }
}
