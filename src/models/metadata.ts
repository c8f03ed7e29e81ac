/** Reads the metadata of an ONNX file, which onnxruntime-node does not expose. Any thread. */
import { readFile } from 'node:fs/promises';
import { Reader } from 'protobufjs/minimal.js';
import { unescapePython } from './python-string.ts';

/** Field numbers of `ModelProto`, `OperatorSetIdProto` and `StringStringEntryProto` in onnx.proto3. */
const modelField = { producer: 2, producerVersion: 3, operatorSet: 8, metadata: 14 } as const;
const operatorSetField = { domain: 1, version: 2 } as const;
const entryField = { key: 1, value: 2 } as const;

/** The low three bits of a protobuf tag are the wire type, the rest is the field number. */
const wireTypeBits = 3;
const wireTypeMask = 7;

/** A model file's fields outside its graph. */
export interface OnnxHeader {
  /** The tool that wrote the file and its version; empty if the file has neither. */
  readonly producer: string;
  /** Version of the standard operator set; 0 if the file has none. */
  readonly opset: number;
  /** `metadata_props` as text; an Ultralytics export has `names`, `imgsz`, `stride`, `task` and more. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads a model file and skips its graph.
 * @throws when the file cannot be read or is not a protobuf message.
 */
export async function readOnnxHeader(path: string): Promise<OnnxHeader> {
  const reader = Reader.create(await readFile(path));
  const metadata: Record<string, string> = {};
  let producer = '';
  let producerVersion = '';
  let opset = 0;
  readFields(reader, reader.len, (field) => {
    if (field === modelField.producer) producer = reader.string();
    else if (field === modelField.producerVersion) producerVersion = reader.string();
    else if (field === modelField.operatorSet) opset = readStandardOpset(reader) ?? opset;
    else if (field === modelField.metadata) readEntry(reader, metadata);
    else return false;
    return true;
  });
  return { producer: `${producer} ${producerVersion}`.trim(), opset, metadata };
}

/** Calls `read` with each field's number and skips the field if that returns false. */
function readFields(reader: Reader, end: number, read: (field: number) => boolean): void {
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (!read(tag >>> wireTypeBits)) reader.skipType(tag & wireTypeMask);
  }
}

function readEntry(reader: Reader, metadata: Record<string, string>): void {
  const end = reader.uint32() + reader.pos;
  let key = '';
  let value = '';
  readFields(reader, end, (field) => {
    if (field === entryField.key) key = reader.string();
    else if (field === entryField.value) value = reader.string();
    else return false;
    return true;
  });
  metadata[key] = value;
}

/** The version of an operator set; `undefined` if its domain is not ONNX's own. */
function readStandardOpset(reader: Reader): number | undefined {
  const end = reader.uint32() + reader.pos;
  let domain = '';
  let version = 0;
  readFields(reader, end, (field) => {
    if (field === operatorSetField.domain) domain = reader.string();
    else if (field === operatorSetField.version) version = reader.uint32();
    else return false;
    return true;
  });
  return domain === '' || domain === 'ai.onnx' ? version : undefined;
}

/** The largest public data sets have some ten thousand classes. */
const maxClasses = 100_000;
/** 100,000 names of 40 characters. Longer text is not parsed. */
const maxNamesLength = 4_194_304;

/**
 * An entry of a dict or a list. Files are untrusted, so the expression must not backtrack: a number matches from its first digit
 * only, and an unterminated string extends to the end of the text with its closing group empty.
 */
const nameEntry = /(?:(?<!\d)(\d+)\s*:\s*)?(?:'((?:[^'\\]|\\.|\\$)*)('?)|"((?:[^"\\]|\\.|\\$)*)("?))/gs;

/**
 * Parses class names as Ultralytics and v5 write them, a Python dict or list with Python's escapes:
 * `{0: 'plate', 1: "driver's side"}`, `['plate']`.
 * @returns names by class index; `undefined` if the text is neither.
 */
export function parseClassNames(text: string | undefined): string[] | undefined {
  if (text === undefined || text.length > maxNamesLength) return undefined;
  const names = new Map<number, string>();
  const isList = /^\s*\[/.test(text);
  for (const [, index, single, singleEnd, double, doubleEnd] of text.matchAll(nameEntry)) {
    if (!(singleEnd || doubleEnd)) break;
    const name = unescapePython(single ?? double ?? '');
    if (isList) names.set(names.size, name);
    else if (index !== undefined) names.set(Number(index), name);
  }
  let classes = 0;
  for (const index of names.keys()) classes = Math.max(classes, index + 1);
  if (classes === 0 || classes > maxClasses) return undefined;
  return Array.from({ length: classes }, (_, index) => names.get(index) ?? `class ${index}`);
}

/** Parses Ultralytics' `kpt_names`, a dict with one list per class, or a single list: `{0: ['nose', 'left_eye']}`. */
export function parseKeypointNames(text: string | undefined): string[] | undefined {
  return parseClassNames(/\[[^[\]]*\]/.exec(text ?? '')?.[0]);
}

/** Parses Ultralytics' `imgsz`: `[480, 640]`, height first. */
export function parseImageSize(text: string | undefined): { width: number; height: number } | undefined {
  const match = /^\[\s*(\d+)\s*,\s*(\d+)\s*\]$/.exec(text ?? '');
  return match === null ? undefined : { height: Number(match[1]), width: Number(match[2]) };
}

/** Parses two non-negative numbers as Python prints a list: `[0.06, 0.15]`. */
export function parsePair(text: string | undefined): [number, number] | undefined {
  const match = /^\[\s*(\d+(?:\.\d+)?)\s*,\s*(\d+(?:\.\d+)?)\s*\]$/.exec(text ?? '');
  return match === null ? undefined : [Number(match[1]), Number(match[2])];
}
