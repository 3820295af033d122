/**
 * The names of a graph's inputs and outputs, read from its ONNX file without the runtime: a large graph is opened only
 * when it is run, and until then its names are all that anyone asks for. Reads four fields of the format, no more.
 */
import { AnyToAnyError } from '../errors.ts';

export interface GraphNames {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** Field numbers of `onnx.proto`: the graph in a model, inputs and outputs in it, the name in one of them. */
const graphField = 7;
const inputField = 11;
const outputField = 12;
const nameField = 1;

/** `file`: the bytes of an ONNX file, whose data may lie elsewhere. Throws RUNTIME_FAILED. */
export function readGraphNames(file: Uint8Array, path: string): GraphNames {
  const wrong = (problem: string) =>
    new AnyToAnyError('RUNTIME_FAILED', `${path} is no ONNX file: ${problem}.`, { path });
  const graph = messages(file, graphField, wrong)[0];
  if (graph === undefined) throw wrong('it holds no graph');
  const names = (field: number): string[] =>
    messages(graph, field, wrong).map((info) =>
      new TextDecoder().decode(messages(info, nameField, wrong)[0]),
    );
  return { inputs: names(inputField), outputs: names(outputField) };
}

/** The contents of every length-delimited field of this number. */
function messages(
  bytes: Uint8Array,
  wanted: number,
  wrong: (problem: string) => AnyToAnyError,
): Uint8Array[] {
  const found: Uint8Array[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++];
      if (byte === undefined) throw wrong('it ends within a number');
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const wire = tag & 7;
    if (wire === 0) varint();
    else if (wire === 1) at += 8;
    else if (wire === 5) at += 4;
    else if (wire === 2) {
      const length = varint();
      if (at + length > bytes.length) throw wrong('it ends within a field');
      if (tag >>> 3 === wanted) found.push(bytes.subarray(at, at + length));
      at += length;
    } else throw wrong(`field ${tag >>> 3} has wire type ${wire}`);
  }
  return found;
}
