/**
 * The guide of a port: a vector per scale of guidance, added to what enters the decoder while a segment of that port is
 * generated (Meng et al. 2023). Between two scales the vector lies between theirs. One row then does what `guidance.ts`
 * takes two for.
 */
import type { Bundle } from '../bundle/open.ts';
import { AnyToAnyError } from '../errors.ts';
import { type EmbeddingTable, openRows } from './tables.ts';

export class Guide {
  readonly #scales: readonly number[];
  readonly #table: EmbeddingTable;
  readonly #port: string;
  /** Of the scale that was asked for last: a segment asks for the same one at every step. */
  #scale: number | undefined;
  readonly #vector: Float32Array;

  constructor(port: string, scales: readonly number[], table: EmbeddingTable, width: number) {
    this.#port = port;
    this.#scales = scales;
    this.#table = table;
    this.#vector = new Float32Array(width);
  }

  /** Adds the vector of `scale` to `target` at `offset`. Throws OPTION_INVALID for a scale outside its own. */
  add(scale: number, target: Float32Array, offset: number): void {
    if (scale !== this.#scale) this.#mix(scale);
    this.#vector.forEach((value, i) => {
      target[offset + i]! += value;
    });
  }

  close(): void {
    this.#table.close();
  }

  #mix(scale: number): void {
    if (!guides(this.#scales, scale)) throw outsideGuide(this.#port, this.#scales, scale);
    const at = Math.max(
      1,
      this.#scales.findIndex((known) => known >= scale),
    );
    const [below, above] = [this.#scales[at - 1]!, this.#scales[at]!];
    const share = (scale - below) / (above - below);
    const rows = new Float32Array(2 * this.#vector.length);
    this.#table.write(at - 1, rows, 0);
    this.#table.write(at, rows, this.#vector.length);
    for (let i = 0; i < this.#vector.length; i++) {
      this.#vector[i] = rows[i]! * (1 - share) + rows[this.#vector.length + i]! * share;
    }
    this.#scale = scale;
  }
}

/** Whether a guide of these scales has a vector for `scale`: guides([1, 2, 4], 3) = true. */
export function guides(scales: readonly number[], scale: number): boolean {
  return scale >= scales[0]! && scale <= scales.at(-1)!;
}

export function outsideGuide(port: string, scales: readonly number[], scale: number): AnyToAnyError {
  return new AnyToAnyError(
    'OPTION_INVALID',
    `${port}: distilled guidance goes from ${scales[0]} to ${scales.at(-1)}, got ${scale}. ` +
      "Stay within, or ask for guidanceMode 'two-row'.",
    { option: 'guidance', modality: port },
  );
}

/** The guides of a bundle's ports, by port. */
export async function openGuides(bundle: Bundle): Promise<Map<string, Guide>> {
  const { ports, decoder } = bundle.manifest;
  const opened = new Map<string, Guide>();
  for (const [port, { guide }] of Object.entries(ports)) {
    if (!guide) continue;
    const { file, type, scales } = guide;
    const table = await openRows(bundle, { file, type, rows: scales.length }, port, decoder.width);
    opened.set(port, new Guide(port, scales, table, decoder.width));
  }
  return opened;
}
