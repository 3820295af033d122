/**
 * Large constants in pieces: what is read, converted and written a megabyte at a time never lies in memory as a whole.
 * A loader that can give a part of its values does so; one that cannot gives everything at once.
 */

/** How to get the values of a tensor, row-major. */
export interface LoadWeights {
  (): Float32Array | Promise<Float32Array>;
  /** The values `from … to−1`; absent where only the whole can be had. */
  part?(from: number, to: number): Promise<Float32Array>;
}

/** Elements of a piece, about. */
export const pieceElements = 1 << 20;

/** The values `from … to−1` of a loader; one that has no parts is asked once, until its end was read. */
export function partsOf(load: LoadWeights): (from: number, to: number) => Promise<Float32Array> {
  if (load.part !== undefined) return load.part;
  let whole: Promise<Float32Array> | undefined;
  return async (from, to) => {
    whole ??= Promise.resolve(load());
    const values = await whole;
    if (to >= values.length) whole = undefined;
    return values.subarray(from, to);
  };
}

/** All `elements` values in order, in pieces of whole rows of `columns`. */
export async function* piecesOf(
  load: LoadWeights,
  elements: number,
  columns = 1,
): AsyncGenerator<Float32Array, void, undefined> {
  const part = partsOf(load);
  const step = Math.max(1, Math.floor(pieceElements / columns)) * columns;
  for (let from = 0; from < elements; from += step) yield part(from, Math.min(elements, from + step));
}

/** Loaders one after the other, as one. `sizes`: elements of each. */
export function joined(loads: readonly LoadWeights[], sizes: readonly number[]): LoadWeights {
  const [only] = loads;
  if (loads.length === 1 && only !== undefined) return only;
  const elements = sizes.reduce((sum, size) => sum + size, 0);
  const parts = loads.map(partsOf);
  const part = async (from: number, to: number): Promise<Float32Array> => {
    const result = new Float32Array(to - from);
    let begin = 0;
    for (const [index, size] of sizes.entries()) {
      const [first, last] = [Math.max(from, begin), Math.min(to, begin + size)];
      if (first < last) result.set(await parts[index]!(first - begin, last - begin), first - from);
      begin += size;
    }
    return result;
  };
  return Object.assign(() => part(0, elements), { part });
}
