/** Splits a protobuf message into its fields and joins them again, without knowing its schema. Any thread. */
import { Reader } from 'protobufjs/minimal.js';

/** Wire types: how a field's value is encoded. */
const wire = { varint: 0, bytes: 2 } as const;

/** The low three bits of a tag are the wire type, the rest is the field number. */
const wireTypeBits = 3;
const wireTypeMask = 7;

/** One field. Fields that nobody changes are joined from `raw`, so they stay as they are, byte for byte. */
export interface Field {
  readonly number: number;
  readonly wireType: number;
  /** What follows the tag; of text, bytes, and messages without the length. */
  readonly value: Uint8Array;
  /** The whole field. */
  readonly raw: Uint8Array;
}

/**
 * @returns views into `bytes`.
 * @throws when the bytes are not a protobuf message.
 */
export function readFields(bytes: Uint8Array): Field[] {
  const reader = Reader.create(bytes);
  const fields: Field[] = [];
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const tag = reader.uint32();
    const wireType = tag & wireTypeMask;
    let from = reader.pos;
    if (wireType === wire.bytes) {
      const length = reader.uint32();
      from = reader.pos;
      // Unlike `bytes()`, this makes no copy on any platform.
      reader.skip(length);
    } else {
      reader.skipType(wireType);
    }
    const number = tag >>> wireTypeBits;
    if (number === 0) throw new Error('a field has the number 0');
    fields.push({
      number,
      wireType,
      value: bytes.subarray(from, reader.pos),
      raw: bytes.subarray(start, reader.pos),
    });
  }
  return fields;
}

/** The encoded message. */
export function joinFields(fields: readonly Field[]): Uint8Array {
  return Buffer.concat(fields.map(({ raw }) => raw));
}

/** A field with text, bytes, or a message. */
export function bytesField(number: number, value: Uint8Array): Field {
  const head = Buffer.concat([tagOf(number, wire.bytes), varint(BigInt(value.length))]);
  return { number, wireType: wire.bytes, value, raw: Buffer.concat([head, value]) };
}

export function textField(number: number, text: string): Field {
  return bytesField(number, Buffer.from(text));
}

export function messageField(number: number, fields: readonly Field[]): Field {
  return bytesField(number, joinFields(fields));
}

export function numberField(number: number, value: bigint): Field {
  const encoded = varint(value);
  return { number, wireType: wire.varint, value: encoded, raw: Buffer.concat([tagOf(number, wire.varint), encoded]) };
}

/** The last field with this number: of a field that is not repeated, the last one counts. */
export function lastOf(fields: readonly Field[], number: number): Field | undefined {
  return fields.findLast((field) => field.number === number);
}

export function textOf(field: Field | undefined): string {
  return field === undefined ? '' : Buffer.from(field.value).toString();
}

/** The whole numbers of all fields with this number, packed or not. */
export function integersOf(fields: readonly Field[], number: number): bigint[] {
  const numbers: bigint[] = [];
  for (const field of fields) {
    if (field.number !== number) continue;
    const reader = Reader.create(field.value);
    while (reader.pos < reader.len) numbers.push(signedVarint(reader));
  }
  return numbers;
}

const varintBits = 7n;
const varintMask = 0x7f;
const more = 0x80;

/** An int64. protobufjs returns these as numbers unless another package is installed, which rounds them. */
function signedVarint(reader: Reader): bigint {
  let value = 0n;
  let byte = more;
  for (let shift = 0n; byte & more; shift += varintBits) {
    byte = reader.buf[reader.pos] ?? 0;
    reader.skip(1);
    value |= BigInt(byte & varintMask) << shift;
  }
  return BigInt.asIntN(64, value);
}

function tagOf(number: number, wireType: number): Uint8Array {
  return varint(BigInt(((number << wireTypeBits) | wireType) >>> 0));
}

/** @param value negative numbers are encoded in ten bytes, like int64. */
export function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  while (rest > BigInt(varintMask)) {
    bytes.push(Number(rest & BigInt(varintMask)) | more);
    rest >>= varintBits;
  }
  return Uint8Array.from([...bytes, Number(rest)]);
}
