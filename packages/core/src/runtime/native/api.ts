/**
 * The C API as typed functions: arguments and results follow from `table.ts`, a failed status becomes an error.
 * Comes after `library.ts` has found the table; knows no ownership: every handle it returns must be released.
 */
import { AnyToAnyError } from '../../errors.ts';
import type { Foreign, ForeignFunction, ForeignType, Pointer } from './foreign.ts';
import { functions, type In, type Out, releases, statusPlaces } from './table.ts';

interface Inputs {
  readonly handle: Pointer;
  readonly text: string;
  readonly path: string;
  readonly int: number;
  readonly size: number;
  readonly array: BigInt64Array | BigUint64Array;
}

interface Outputs {
  readonly handle: Pointer;
  readonly size: number;
  readonly int: number;
}

type Arguments<I extends readonly In[]> = { [K in keyof I]: Inputs[I[K]] };
type Result<O extends readonly Out[]> = O extends readonly []
  ? undefined
  : O extends readonly [infer Only extends Out]
    ? Outputs[Only]
    : { [K in keyof O]: Outputs[O[K]] };

type Functions = typeof functions;
type Name = keyof Functions;
type Parameters<N extends Name> = Arguments<Functions[N]['in']>;
/** The functions that take long enough to be called off the main thread as well. */
type Slow = 'CreateSession' | 'RunWithBinding';

export type Api = { readonly [N in Name]: (...args: Parameters<N>) => Result<Functions[N]['out']> } & {
  readonly [R in keyof typeof releases]: (handle: Pointer) => void;
} & {
  readonly later: { readonly [N in Slow]: (...args: Parameters<N>) => Promise<Result<Functions[N]['out']>> };
};

const foreignTypes: Readonly<Record<In, ForeignType>> = {
  handle: 'void *',
  text: 'str',
  path: process.platform === 'win32' ? 'str16' : 'str',
  int: 'int',
  size: 'size_t',
  array: 'void *',
};

/** Names of OrtErrorCode, by number. */
const codes = [
  'OK',
  'FAIL',
  'INVALID_ARGUMENT',
  'NO_SUCHFILE',
  'NO_MODEL',
  'ENGINE_ERROR',
  'RUNTIME_EXCEPTION',
  'INVALID_PROTOBUF',
  'MODEL_LOADED',
  'NOT_IMPLEMENTED',
  'INVALID_GRAPH',
  'EP_FAIL',
];

/** `table` is the address of an `OrtApi`. */
export function createApi(foreign: Foreign, table: Pointer): Api {
  const places = [...Object.values(functions).map((entry) => entry.at), ...Object.values(releases)];
  const addresses = foreign.pointers(table, Math.max(...places) + 1);
  const at = (place: number) => addresses[place]!; // the line above makes the list long enough
  const getCode = foreign.function(at(statusPlaces.GetErrorCode), 'int', ['void *']);
  const getMessage = foreign.function(at(statusPlaces.GetErrorMessage), 'str', ['void *']);
  const releaseStatus = foreign.function(at(releases.ReleaseStatus), 'void', ['void *']);

  const check = (name: string, status: unknown) => {
    if (status === null) return;
    const code = Number(getCode(status));
    const message = String(getMessage(status));
    releaseStatus(status);
    throw failure(name, code, message);
  };

  const api: Record<string, unknown> = {};
  const later: Record<string, unknown> = {};
  for (const [name, entry] of Object.entries(functions)) {
    const outs: readonly Out[] = entry.out;
    const native = foreign.function(
      at(entry.at),
      'void *',
      entry.in.map((kind) => foreignTypes[kind]),
      outs.map((kind) => foreignTypes[kind]),
    );
    api[name] = (...args: unknown[]) => {
      const slots = outs.map(() => [null]);
      check(name, native(...args, ...slots));
      return results(slots, outs);
    };
    later[name] = async (...args: unknown[]) => {
      const slots = outs.map(() => [null]);
      check(name, await callLater(native, [...args, ...slots]));
      return results(slots, outs);
    };
  }
  for (const [name, place] of Object.entries(releases)) {
    api[name] = foreign.function(at(place), 'void', ['void *']);
  }
  // Built by name from the same two tables that the type is derived from.
  return { ...api, later } as unknown as Api;
}

function callLater(native: ForeignFunction, args: unknown[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    native.async(...args, (error: unknown, status: unknown) => {
      if (error) reject(error);
      else resolve(status);
    });
  });
}

function results(slots: readonly unknown[][], outs: readonly Out[]): unknown {
  const values = outs.map((kind, index) => {
    const value = slots[index]?.[0];
    return kind === 'handle' ? value : Number(value);
  });
  return values.length > 1 ? values : values[0];
}

function failure(name: string, code: number, message: string): AnyToAnyError {
  return new AnyToAnyError(
    'RUNTIME_FAILED',
    `ONNX Runtime refused ${name} with ${codes[code] ?? 'code'} (${code}): ${message.trim()}`,
    { function: name, runtimeCode: code, runtimeMessage: message },
  );
}
