/**
 * The bytes of an ONNX file → model, the opposite of `encode.ts`: only the fields that one writes. A graph that has
 * others was not written by this compiler and is refused, so that nothing of it is lost on the way back.
 */

import { AnyToAnyError } from '@any-to-any/core';
import { BinaryReader, type WireType } from '@bufbuild/protobuf/wire';
import {
  type Attribute,
  type ElementType,
  elementTypes,
  type Model,
  type Node,
  type Placed,
  type ValueInfo,
} from './model.ts';

/** A constant as the file describes it. */
export interface DecodedInitializer {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly placed: Placed;
}

export interface DecodedModel extends Omit<Model, 'initializers'> {
  readonly initializers: readonly DecodedInitializer[];
}

/** Throws BUNDLE_INVALID. */
export function decodeModel(bytes: Uint8Array): DecodedModel {
  let graph: DecodedModel | undefined;
  eachField(new BinaryReader(bytes), (field, reader) => {
    if (field === 7) graph = readGraph(nested(reader));
    else if (field === 1 || field === 2 || field === 8)
      return false; // version, producer, operator sets
    else throw foreign('model', field);
    return true;
  });
  if (graph === undefined) throw invalid('The file of a graph holds none.');
  return graph;
}

function readGraph(reader: BinaryReader): DecodedModel {
  let name = '';
  const nodes: Node[] = [];
  const initializers: DecodedInitializer[] = [];
  const inputs: ValueInfo[] = [];
  const outputs: ValueInfo[] = [];
  eachField(reader, (field) => {
    if (field === 1) nodes.push(readNode(nested(reader)));
    else if (field === 2) name = reader.string();
    else if (field === 5) initializers.push(readTensor(nested(reader)));
    else if (field === 11) inputs.push(readValueInfo(nested(reader)));
    else if (field === 12) outputs.push(readValueInfo(nested(reader)));
    else throw foreign('graph', field);
    return true;
  });
  return { name, nodes, initializers, inputs, outputs };
}

function readNode(reader: BinaryReader): Node {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: Record<string, Attribute> = {};
  let [type, domain] = ['', ''];
  eachField(reader, (field) => {
    if (field === 1) inputs.push(reader.string());
    else if (field === 2) outputs.push(reader.string());
    else if (field === 3)
      return false; // its name, which is made of its type and its output
    else if (field === 4) type = reader.string();
    else if (field === 5) Object.assign(attributes, readAttribute(nested(reader)));
    else if (field === 7) domain = reader.string();
    else throw foreign('node', field);
    return true;
  });
  return { type, domain, inputs, outputs, attributes };
}

function readAttribute(reader: BinaryReader): Record<string, Attribute> {
  let name = '';
  let value: Attribute | undefined;
  const list: number[] = [];
  eachField(reader, (field) => {
    if (field === 1) name = reader.string();
    else if (field === 2) value = { float: reader.float() };
    else if (field === 3) value = Number(reader.int64());
    else if (field === 4) value = reader.string();
    else if (field === 8) list.push(Number(reader.int64()));
    else if (field !== 20) throw foreign('attribute', field);
    else reader.int64(); // which of them it is
    return true;
  });
  return { [name]: value ?? list };
}

function readTensor(reader: BinaryReader): DecodedInitializer {
  let name = '';
  let type: ElementType | undefined;
  let data: Uint8Array | undefined;
  const dims: number[] = [];
  const beside: Record<string, string> = {};
  eachField(reader, (field) => {
    if (field === 1) dims.push(Number(reader.int64()));
    else if (field === 2) type = elementType(Number(reader.int64()));
    else if (field === 8) name = reader.string();
    else if (field === 9) data = reader.bytes();
    else if (field === 13) Object.assign(beside, readEntry(nested(reader)));
    else if (field === 14)
      reader.int64(); // EXTERNAL
    else throw foreign('tensor', field);
    return true;
  });
  if (type === undefined) throw invalid(`Constant "${name}" has no type.`);
  const { location, offset, length } = beside;
  if (location === undefined)
    return { name, type, dims, placed: { kind: 'inside', data: data ?? new Uint8Array() } };
  return {
    name,
    type,
    dims,
    placed: { kind: 'beside', file: location, offset: Number(offset), length: Number(length) },
  };
}

function readEntry(reader: BinaryReader): Record<string, string> {
  let [key, value] = ['', ''];
  eachField(reader, (field) => {
    if (field === 1) key = reader.string();
    else if (field === 2) value = reader.string();
    else throw foreign('entry', field);
    return true;
  });
  return { [key]: value };
}

function readValueInfo(reader: BinaryReader): ValueInfo {
  let name = '';
  let type: ElementType | undefined;
  const dims: (number | string)[] = [];
  const tensor = (within: BinaryReader): void =>
    eachField(within, (field) => {
      if (field === 1) type = elementType(Number(within.int64()));
      else if (field === 2) shape(nested(within));
      else throw foreign('type', field);
      return true;
    });
  const shape = (within: BinaryReader): void =>
    eachField(within, (field) => {
      if (field !== 1) throw foreign('shape', field);
      side(nested(within));
      return true;
    });
  const side = (within: BinaryReader): void =>
    eachField(within, (field) => {
      if (field === 1) dims.push(Number(within.int64()));
      else if (field === 2) dims.push(within.string());
      else throw foreign('dimension', field);
      return true;
    });
  eachField(reader, (field) => {
    if (field === 1) name = reader.string();
    else if (field !== 2) throw foreign('value', field);
    else {
      const kind = nested(reader);
      eachField(kind, (inner) => {
        if (inner !== 1) throw foreign('kind of value', inner);
        tensor(nested(kind));
        return true;
      });
    }
    return true;
  });
  if (type === undefined) throw invalid(`Value "${name}" has no type.`);
  return { name, type, dims };
}

/** `read` takes the field's value off the reader and returns true, or returns false to have it skipped. */
function eachField(reader: BinaryReader, read: (field: number, reader: BinaryReader) => boolean): void {
  while (reader.pos < reader.len) {
    const [field, wire]: [number, WireType] = reader.tag();
    if (!read(field, reader)) reader.skip(wire);
  }
}

const nested = (reader: BinaryReader): BinaryReader => new BinaryReader(reader.bytes());

const names = new Map<number, ElementType>(
  Object.entries(elementTypes).map(([name, number]) => [number, name as ElementType]),
); // its keys

function elementType(number: number): ElementType {
  const type = names.get(number);
  if (type !== undefined) return type;
  throw invalid(`Elements of type ${number} are not among those this compiler writes.`);
}

function foreign(where: string, field: number): AnyToAnyError {
  return invalid(`The graph was not written by this compiler: field ${field} of a ${where}.`);
}

function invalid(message: string): AnyToAnyError {
  return new AnyToAnyError('BUNDLE_INVALID', `${message} Compile the bundle again.`, { stage: 'compile' });
}
