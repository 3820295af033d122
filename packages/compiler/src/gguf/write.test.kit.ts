/** For tests: GGUF files put together by hand, also wrong ones. */

export interface GgufParts {
  readonly version?: number;
  readonly tensorCount?: number;
  readonly metadataCount?: number;
  /** Keys, types and values as bytes. */
  readonly metadata?: readonly Uint8Array[];
  readonly tensors?: readonly {
    readonly name: string;
    readonly dimensions: readonly number[];
    readonly type: number;
    readonly offset: number;
  }[];
  readonly data?: Uint8Array;
}

export function ggufBytes(parts: GgufParts): Uint8Array {
  const { version = 3, metadata = [], tensors = [], data = new Uint8Array() } = parts;
  const header = Buffer.concat([
    Buffer.from('GGUF'),
    u32(version),
    u64(parts.tensorCount ?? tensors.length),
    u64(parts.metadataCount ?? metadata.length),
    ...metadata,
    ...tensors.flatMap(({ name, dimensions, type, offset }) => [
      text(name),
      u32(dimensions.length),
      ...dimensions.map(u64),
      u32(type),
      u64(offset),
    ]),
  ]);
  if (data.length === 0) return header;
  return Buffer.concat([header, Buffer.alloc((32 - (header.length % 32)) % 32), data]);
}

export function u32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

export function u64(value: number): Uint8Array {
  return new Uint8Array(BigUint64Array.of(BigInt(value)).buffer);
}

export function text(value: string): Uint8Array {
  const bytes = Buffer.from(value);
  return Buffer.concat([u64(bytes.length), bytes]);
}
