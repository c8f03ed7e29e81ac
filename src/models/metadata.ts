/** Reads the metadata of an ONNX file, which onnxruntime-node does not expose. Any thread. */
import { readFile } from 'node:fs/promises';
import { Reader } from 'protobufjs/minimal.js';

/** Field numbers of `ModelProto` and `StringStringEntryProto` in onnx.proto3. */
const metadataPropsField = 14;
const keyField = 1;
const valueField = 2;

/** The low three bits of a protobuf tag are the wire type, the rest is the field number. */
const wireTypeBits = 3;
const wireTypeMask = 7;

/**
 * The `metadata_props` of a model file: for an Ultralytics export `names`, `imgsz`, `stride`, `task` and more, all as text.
 * @throws when the file cannot be read or is no protobuf message.
 */
export async function readOnnxMetadata(path: string): Promise<Record<string, string>> {
  const reader = Reader.create(await readFile(path));
  const metadata: Record<string, string> = {};
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag >>> wireTypeBits === metadataPropsField) {
      const [key, value] = readEntry(reader);
      metadata[key] = value;
    } else {
      reader.skipType(tag & wireTypeMask);
    }
  }
  return metadata;
}

function readEntry(reader: Reader): [key: string, value: string] {
  const end = reader.uint32() + reader.pos;
  let key = '';
  let value = '';
  while (reader.pos < end) {
    const tag = reader.uint32();
    const field = tag >>> wireTypeBits;
    if (field === keyField) key = reader.string();
    else if (field === valueField) value = reader.string();
    else reader.skipType(tag & wireTypeMask);
  }
  return [key, value];
}

/** The largest public data sets have some ten thousand classes; a number beyond is no class. */
const maxClasses = 100_000;

/**
 * Class names from Ultralytics' `names`, a Python dict printed as text: `{0: 'plate', 1: "driver's side"}`.
 * @returns names by class index; `undefined` when the text is something else.
 */
export function parseClassNames(text: string | undefined): string[] | undefined {
  if (text === undefined) return undefined;
  const names = new Map<number, string>();
  const entry = /(\d+)\s*:\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")/g;
  for (const [, index, single, double] of text.matchAll(entry)) {
    names.set(Number(index), (single ?? double ?? '').replace(/\\(.)/g, '$1'));
  }
  const classes = Math.max(-1, ...names.keys()) + 1;
  if (classes === 0 || classes > maxClasses) return undefined;
  return Array.from({ length: classes }, (_, index) => names.get(index) ?? `class ${index}`);
}

/** Input size from Ultralytics' `imgsz`: `[480, 640]`, height first. */
export function parseImageSize(text: string | undefined): { width: number; height: number } | undefined {
  const match = /^\[\s*(\d+)\s*,\s*(\d+)\s*\]$/.exec(text ?? '');
  return match === null ? undefined : { height: Number(match[1]), width: Number(match[2]) };
}
