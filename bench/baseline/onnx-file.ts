/**
 * Reads of an ONNX file what counting needs (nodes, constants' sizes), and cuts it down to some of its outputs or gives it
 * further ones. Fields are copied as they are; weights are never looked at. Field numbers: `onnx.proto`.
 */
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

export interface FileNode {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Attributes that are whole numbers. */
  readonly numbers: ReadonlyMap<string, number>;
}

export interface FileGraph {
  readonly nodes: readonly FileNode[];
  /** Constant → its dims. */
  readonly constants: ReadonlyMap<string, readonly number[]>;
  /** Bytes of the constants, wherever their data is. */
  readonly bytes: number;
  readonly outputs: readonly string[];
}

const elementBytes: Readonly<Record<number, number>> = { 1: 4, 2: 1, 3: 1, 6: 4, 7: 8, 9: 1, 10: 2 };

export function readGraph(file: Uint8Array): FileGraph {
  const nodes: FileNode[] = [];
  const outputs: string[] = [];
  const constants = new Map<string, number[]>();
  let bytes = 0;
  for (const { field, data } of fieldsOf(graphOf(file))) {
    if (field === 1) nodes.push(nodeOf(data));
    else if (field === 12) outputs.push(nameOf(data, 1));
    else if (field === 5) {
      const { name, dims, type } = constantOf(data);
      constants.set(name, dims);
      bytes += dims.reduce((product, side) => product * side, elementBytes[type] ?? 4);
    }
  }
  return { nodes, constants, bytes, outputs };
}

/** The same graph that tells these values too; their shapes are found out when it runs. */
export function withOutputs(file: Uint8Array, names: readonly string[]): Uint8Array {
  // Messages of one field that stand one after the other are merged, so the additions can follow the file.
  const writer = new BinaryWriter();
  writer.tag(7, WireType.LengthDelimited).fork();
  for (const name of names) {
    writer.tag(12, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.LengthDelimited).string(name).join();
  }
  const added = writer.join().finish();
  const whole = new Uint8Array(file.length + added.length);
  whole.set(file);
  whole.set(added, file.length);
  return whole;
}

/** Only these outputs, and only the nodes and constants that they need. */
export function onlyOutputs(file: Uint8Array, names: readonly string[]): Uint8Array {
  const { nodes } = readGraph(file);
  const needed = new Set(names);
  const kept = new Set<FileNode>();
  for (const node of [...nodes].reverse()) {
    if (!node.outputs.some((output) => needed.has(output))) continue;
    kept.add(node);
    for (const input of node.inputs) needed.add(input);
  }
  let at = 0;
  const graph = new BinaryWriter();
  for (const { field, data } of fieldsOf(graphOf(file))) {
    if (field === 1 && !kept.has(nodes[at++]!)) continue;
    if (field === 5 && !needed.has(constantOf(data).name)) continue;
    if (field === 12 && !names.includes(nameOf(data, 1))) continue;
    graph.tag(field, WireType.LengthDelimited).bytes(data);
  }
  const writer = new BinaryWriter();
  const reader = new BinaryReader(file);
  while (reader.pos < reader.len) {
    const begin = reader.pos;
    const [field, wire] = reader.tag();
    if (field === 7) {
      reader.bytes();
      writer.tag(7, WireType.LengthDelimited).bytes(graph.finish());
    } else {
      reader.skip(wire);
      writer.raw(file.subarray(begin, reader.pos));
    }
  }
  return writer.finish();
}

function graphOf(file: Uint8Array): Uint8Array {
  return fieldsOf(file).find(({ field }) => field === 7)!.data; // every model has a graph
}

/** The fields that hold text, bytes or messages; whole numbers come as `value`. */
function fieldsOf(data: Uint8Array): { field: number; data: Uint8Array; value: number }[] {
  const reader = new BinaryReader(data);
  const fields: { field: number; data: Uint8Array; value: number }[] = [];
  const none = new Uint8Array();
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    if (wire === WireType.LengthDelimited) fields.push({ field, data: reader.bytes(), value: 0 });
    else if (wire === WireType.Varint) fields.push({ field, data: none, value: Number(reader.int64()) });
    else reader.skip(wire);
  }
  return fields;
}

const decoder = new TextDecoder();
const nameOf = (data: Uint8Array, field: number): string =>
  decoder.decode(fieldsOf(data).find((one) => one.field === field)?.data);

function nodeOf(data: Uint8Array): FileNode {
  const fields = fieldsOf(data);
  const texts = (field: number): string[] =>
    fields.filter((one) => one.field === field).map((one) => decoder.decode(one.data));
  const numbers = fields
    .filter(({ field }) => field === 5)
    .map((one) => [nameOf(one.data, 1), fieldsOf(one.data).find(({ field }) => field === 3)?.value] as const);
  return {
    type: texts(4)[0] ?? '',
    inputs: texts(1),
    outputs: texts(2),
    numbers: new Map(numbers.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))),
  };
}

/** Dims are written one by one (as here) or packed (as other writers do). */
function constantOf(data: Uint8Array): { name: string; dims: number[]; type: number } {
  const fields = fieldsOf(data);
  const dims = fields.flatMap(({ field, data: packed, value }) => {
    if (field !== 1) return [];
    const reader = new BinaryReader(packed);
    const sides: number[] = packed.length === 0 ? [value] : [];
    while (reader.pos < reader.len) sides.push(Number(reader.int64()));
    return sides;
  });
  return { name: nameOf(data, 8), dims, type: fields.find(({ field }) => field === 2)?.value ?? 1 };
}
