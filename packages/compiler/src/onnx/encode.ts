/**
 * Model → the bytes of an ONNX file, written field by field: few messages are needed, so no code is generated.
 * Field numbers: `onnx.proto` of https://github.com/onnx/onnx (IR version 10).
 */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import {
  type Attribute,
  elementTypes,
  type Initializer,
  type Model,
  type Node,
  type Placed,
  type ValueInfo,
} from './model.ts';

const irVersion = 10;
/** Version 21 has everything used here; `com.microsoft` counts on its own. */
const opsets = [
  { domain: '', version: 21 },
  { domain: 'com.microsoft', version: 1 },
] as const;

/** `placed` says for every initialiser, in order, where its data is. */
export function encodeModel(model: Model, placed: readonly Placed[]): Uint8Array {
  const writer = new BinaryWriter();
  int(writer, 1, irVersion);
  text(writer, 2, 'any-to-any');
  message(writer, 7, () => {
    for (const node of model.nodes) message(writer, 1, () => writeNode(writer, node));
    text(writer, 2, model.name);
    model.initializers.forEach((initializer, i) => {
      message(writer, 5, () => writeTensor(writer, initializer, placed[i]!));
    });
    for (const input of model.inputs) message(writer, 11, () => writeValueInfo(writer, input));
    for (const output of model.outputs) message(writer, 12, () => writeValueInfo(writer, output));
  });
  for (const { domain, version } of opsets) {
    message(writer, 8, () => {
      text(writer, 1, domain);
      int(writer, 2, version);
    });
  }
  return writer.finish();
}

function writeNode(writer: BinaryWriter, node: Node): void {
  for (const input of node.inputs) text(writer, 1, input);
  for (const output of node.outputs) text(writer, 2, output);
  text(writer, 3, `${node.type}/${node.outputs.find((name) => name !== '') ?? ''}`);
  text(writer, 4, node.type);
  for (const [name, value] of Object.entries(node.attributes)) {
    message(writer, 5, () => writeAttribute(writer, name, value));
  }
  text(writer, 7, node.domain);
}

/** AttributeProto: the value's own field, and in field 20 which of them it is. */
function writeAttribute(writer: BinaryWriter, name: string, value: Attribute): void {
  text(writer, 1, name);
  if (typeof value === 'number') {
    int(writer, 3, value);
    int(writer, 20, 2);
  } else if (typeof value === 'string') {
    text(writer, 4, value);
    int(writer, 20, 3);
  } else if ('float' in value) {
    writer.tag(2, WireType.Bit32).float(value.float);
    int(writer, 20, 1);
  } else {
    for (const element of value) int(writer, 8, element);
    int(writer, 20, 7);
  }
}

function writeTensor(writer: BinaryWriter, tensor: Initializer, placed: Placed): void {
  for (const side of tensor.dims) int(writer, 1, side);
  int(writer, 2, elementTypes[tensor.type]);
  text(writer, 8, tensor.name);
  if (placed.kind === 'inside') {
    writer.tag(9, WireType.LengthDelimited).bytes(placed.data);
    return;
  }
  const entries = { location: placed.file, offset: placed.offset, length: placed.length };
  for (const [key, value] of Object.entries(entries)) {
    message(writer, 13, () => {
      text(writer, 1, key);
      text(writer, 2, String(value));
    });
  }
  int(writer, 14, 1); // EXTERNAL
}

function writeValueInfo(writer: BinaryWriter, { name, type, dims }: ValueInfo): void {
  text(writer, 1, name);
  message(writer, 2, () => {
    message(writer, 1, () => {
      int(writer, 1, elementTypes[type]);
      message(writer, 2, () => {
        for (const side of dims) {
          message(writer, 1, () => (typeof side === 'number' ? int(writer, 1, side) : text(writer, 2, side)));
        }
      });
    });
  });
}

function int(writer: BinaryWriter, field: number, value: number): void {
  writer.tag(field, WireType.Varint).int64(value);
}

function text(writer: BinaryWriter, field: number, value: string): void {
  writer.tag(field, WireType.LengthDelimited).string(value);
}

function message(writer: BinaryWriter, field: number, write: () => unknown): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  write();
  writer.join();
}
