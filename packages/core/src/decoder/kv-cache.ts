/**
 * Memory of the decoder: keys and values of all sequences, `[rows, kvHeads, capacity, headWidth]` per layer,
 * outside the JavaScript heap, where the runtime writes them in place. Rows are given out, moved and taken back;
 * which sequence steps when is not decided here.
 */
import type { DecoderDescription } from '../bundle/manifest.ts';
import type { Device, Memory, NativeTensor } from '../runtime/interface.ts';

export interface KvLayer {
  readonly key: Memory;
  readonly value: Memory;
}

/** Whoever holds a row learns when it moves. */
export interface RowHolder {
  row: number;
  /** Positions whose keys and values must survive a move. */
  readonly length: number;
}

export class KvCache {
  /** Bytes of one row of one buffer. */
  readonly rowBytes: number;
  /** Grows when rows run out; whoever caches tensors over the memory compares it. */
  generation = 0;
  #device: Device;
  #description: DecoderDescription;
  #layers: KvLayer[] = [];
  #holders: (RowHolder | undefined)[] = [];
  /** True while the runtime writes to the buffers. */
  #written = false;
  /** Buffers that were replaced while the runtime wrote to them. */
  #outgrown: KvLayer[] = [];

  constructor(device: Device, description: DecoderDescription) {
    this.#device = device;
    this.#description = description;
    this.rowBytes = description.kvHeads * description.context * this.#positionBytes;
  }

  /** The buffers themselves. */
  get layers(): readonly KvLayer[] {
    return this.#layers;
  }

  get used(): number {
    return this.#holders.reduce((sum, holder) => sum + (holder ? 1 : 0), 0);
  }

  /** Gives the holder the first free row. */
  acquire(holder: RowHolder): void {
    let row = this.#holders.indexOf(undefined);
    if (row < 0) {
      row = this.#holders.length;
      this.#grow(Math.max(2, row * 2));
    }
    this.#holders[row] = holder;
    holder.row = row;
  }

  release(holder: RowHolder): void {
    if (holder.row < 0) return;
    this.#holders[holder.row] = undefined;
    holder.row = -1;
  }

  /** Copies the first `length` positions of one row over another's. */
  copy(from: number, to: number, length: number): void {
    this.#eachHead((bytes, headBytes, positionBytes) => {
      const source = from * this.rowBytes + headBytes;
      bytes.copyWithin(to * this.rowBytes + headBytes, source, source + length * positionBytes);
    });
  }

  /** Brings the holders' rows side by side and returns the first row; `holders` is sorted by row afterwards. */
  align(holders: RowHolder[]): number {
    holders.sort((a, b) => a.row - b.row);
    const first = holders[0]!.row;
    if (holders[holders.length - 1]!.row - first === holders.length - 1) return first;
    holders.forEach((holder, row) => {
      if (holder.row !== row) this.#swap(holder, row);
    });
    return 0;
  }

  /** Says that the runtime is about to write to the buffers; `settle` ends that. */
  expectWrites(): void {
    this.#written = true;
  }

  /** If the buffers were replaced meanwhile (a fork may come at any time), what was written goes along. */
  settle(written: readonly RowHolder[]): void {
    this.#written = false;
    this.#copyRows(this.#outgrown, written);
    this.#free(this.#outgrown);
    this.#outgrown = [];
  }

  /** Tensors of one layer for `count` rows from `first`; the caller disposes them. */
  tensors(layer: number, first: number, count: number): { key: NativeTensor; value: NativeTensor } {
    const { kvHeads, context, headWidth, kv } = this.#description;
    const dims = [count, kvHeads, context, headWidth];
    const { key, value } = this.#layers[layer]!;
    const offset = first * this.rowBytes;
    return {
      key: this.#device.tensor(key, kv, dims, offset),
      value: this.#device.tensor(value, kv, dims, offset),
    };
  }

  close(): void {
    this.#free(this.#layers);
    this.#free(this.#outgrown);
    this.#outgrown = [];
    this.#layers = [];
    this.#holders = [];
  }

  get #positionBytes(): number {
    return this.#description.headWidth * (this.#description.kv === 'int8' ? 1 : 4);
  }

  /** Row `row` goes to `holder`; who was there takes its old row. */
  #swap(holder: RowHolder, row: number): void {
    const other = this.#holders[row];
    const old = holder.row;
    const length = Math.max(holder.length, other?.length ?? 0);
    if (other) {
      this.#exchange(old, row, length);
      other.row = old;
    } else {
      this.copy(old, row, length);
    }
    this.#holders[old] = other;
    this.#holders[row] = holder;
    holder.row = row;
  }

  #exchange(a: number, b: number, length: number): void {
    this.#eachHead((bytes, headBytes, positionBytes) => {
      const atA = a * this.rowBytes + headBytes;
      const atB = b * this.rowBytes + headBytes;
      const size = length * positionBytes;
      const kept = bytes.slice(atA, atA + size);
      bytes.copyWithin(atA, atB, atB + size);
      bytes.set(kept, atB);
    });
  }

  #eachHead(visit: (bytes: Uint8Array, headBytes: number, positionBytes: number) => void): void {
    const { kvHeads, context } = this.#description;
    for (const { key, value } of this.#layers) {
      for (const memory of [key, value]) {
        const bytes = memory.view('uint8');
        for (let head = 0; head < kvHeads; head++) {
          visit(bytes, head * context * this.#positionBytes, this.#positionBytes);
        }
      }
    }
  }

  #grow(rows: number): void {
    const old = this.#layers;
    const allocate = (): Memory => this.#device.allocate(rows * this.rowBytes);
    this.#layers = Array.from({ length: this.#description.layers }, () => ({
      key: allocate(),
      value: allocate(),
    }));
    this.#copyRows(
      old,
      this.#holders.filter((holder) => holder !== undefined),
    );
    if (this.#written && this.#outgrown.length === 0) this.#outgrown = old;
    else this.#free(old);
    while (this.#holders.length < rows) this.#holders.push(undefined);
    this.generation++;
  }

  /** Only positions in use, so that memory nobody wrote to stays uncommitted. */
  #copyRows(from: readonly KvLayer[], holders: readonly RowHolder[]): void {
    from.forEach(({ key, value }, index) => {
      const target = this.#layers[index]!;
      this.#copyMemory(key, target.key, holders);
      this.#copyMemory(value, target.value, holders);
    });
  }

  #copyMemory(from: Memory, to: Memory, holders: readonly RowHolder[]): void {
    const { kvHeads, context } = this.#description;
    const source = from.view('uint8');
    const target = to.view('uint8');
    for (const { row, length } of holders) {
      for (let head = 0; head < kvHeads; head++) {
        const start = row * this.rowBytes + head * context * this.#positionBytes;
        target.set(source.subarray(start, start + length * this.#positionBytes), start);
      }
    }
  }

  #free(layers: readonly KvLayer[]): void {
    for (const { key, value } of layers) {
      key.free();
      value.free();
    }
  }
}
