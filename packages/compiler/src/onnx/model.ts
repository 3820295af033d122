/**
 * An ONNX model as plain data, only the part of the format that graphs of inference need.
 * `graph.ts` builds it, `encode.ts` writes its protobuf, `save.ts` puts its weights beside it.
 */

/** The numbers of TensorProto.DataType. */
export const elementTypes = { f32: 1, u8: 2, i8: 3, u16: 4, i32: 6, i64: 7, bool: 9, f16: 10 } as const;

export type ElementType = keyof typeof elementTypes;

/** Bytes of one element. */
export const elementBytes: Record<ElementType, number> = {
  f32: 4,
  u8: 1,
  i8: 1,
  u16: 2,
  i32: 4,
  i64: 8,
  bool: 1,
  f16: 2,
};

/** A whole number is an INT, `{ float }` a FLOAT, a string a STRING, an array INTS. */
export type Attribute = number | string | readonly number[] | { readonly float: number };

export interface Node {
  readonly type: string;
  /** '' for the ONNX operators, `com.microsoft` for those of ONNX Runtime. */
  readonly domain: string;
  /** Names of values; '' leaves an optional one out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** An input or output; a name as dimension is one that may vary. */
export interface ValueInfo {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly (number | string)[];
}

/** A constant whose bytes are made when they are written, so that a model never has to fit into memory. */
export interface Initializer {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly bytes: number;
  load(): Promise<ArrayBufferView> | ArrayBufferView;
  /** The same bytes in order, for a constant that is too large to be held. */
  readonly pieces?: (() => AsyncIterable<ArrayBufferView>) | undefined;
}

export interface Model {
  readonly name: string;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly nodes: readonly Node[];
  readonly initializers: readonly Initializer[];
}

/** Where the data of an initialiser is: inside the model, or in a file beside it. */
export type Placed =
  | { readonly kind: 'inside'; readonly data: Uint8Array }
  | { readonly kind: 'beside'; readonly file: string; readonly offset: number; readonly length: number };
