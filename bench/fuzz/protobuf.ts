/** Decodes a protobuf message into its nested fields, and encodes it again. */
import { Reader } from 'protobufjs/minimal.js';
import { varint } from '../../src/models/onnx-file/protobuf.ts';

/** Fields that are messages; the others are numbers or bytes. */
export interface Schema {
  readonly [field: number]: () => Schema;
}

export const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

export type Field =
  | { readonly kind: 'message'; readonly number: number; readonly fields: Field[] }
  | { readonly kind: 'bytes'; readonly number: number; readonly value: Uint8Array }
  /** The encoded varint (up to ten bytes), or the four or eight bytes of a fixed-width number. */
  | { readonly kind: 'number'; readonly number: number; readonly wireType: number; readonly value: Uint8Array };

const fieldShift = 3;
const wireMask = 7;

export function readMessage(bytes: Uint8Array, schema: Schema): Field[] {
  const reader = Reader.create(bytes);
  const fields: Field[] = [];
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const number = tag >>> fieldShift;
    const wireType = tag & wireMask;
    const nested = schema[number];
    if (wireType === wire.bytes) {
      const value = reader.bytes();
      if (nested === undefined) fields.push({ kind: 'bytes', number, value });
      else fields.push({ kind: 'message', number, fields: readMessage(value, nested()) });
    } else {
      const from = reader.pos;
      reader.skipType(wireType);
      fields.push({ kind: 'number', number, wireType, value: bytes.subarray(from, reader.pos) });
    }
  }
  return fields;
}

export function writeMessage(fields: readonly Field[]): Uint8Array {
  const chunks = fields.flatMap((field) => {
    const tagOf = (wireType: number) => varint(BigInt(((field.number << fieldShift) | wireType) >>> 0));
    if (field.kind === 'number') return [tagOf(field.wireType), field.value];
    const value = field.kind === 'message' ? writeMessage(field.fields) : field.value;
    return [tagOf(wire.bytes), varint(BigInt(value.length)), value];
  });
  return Buffer.concat(chunks);
}

/** A string field. */
function textField(number: number, text: string): Field {
  return { kind: 'bytes', number, value: Buffer.from(text) };
}

/** A key-value message, like ONNX's `StringStringEntryProto`. */
export function entryField(number: number, key: string, value: string): Field {
  return { kind: 'message', number, fields: [textField(1, key), textField(2, value)] };
}

export function numberField(number: number, value: bigint): Field {
  return { kind: 'number', number, wireType: wire.varint, value: varint(value) };
}
