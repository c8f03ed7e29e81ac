/** ONNX fuzz cases: changed fields, hostile metadata, weights in external files, corrupted bytes. */
import { varint } from '../../src/models/onnx-file/protobuf.ts';
import { randomBytes } from '../../test/support/seeded-random.ts';
import { damage } from './damage.ts';
import { entryField, type Field, numberField, readMessage, type Schema, wire, writeMessage } from './protobuf.ts';
import { below, type Case, pick, type Random } from './target.ts';

/** The messages of onnx.proto3 in a model file, by those of their fields that are messages. */
const none: Schema = {};
const entry = () => none;
const tensor = (): Schema => ({ 13: entry });
const dimension = () => none;
const shape = (): Schema => ({ 1: dimension });
const tensorType = (): Schema => ({ 2: shape });
const type = (): Schema => ({ 1: tensorType });
const valueInfo = (): Schema => ({ 2: type });
const attribute = (): Schema => ({ 5: tensor, 6: graph });
const node = (): Schema => ({ 5: attribute });
const graph = (): Schema => ({ 1: node, 5: tensor, 11: valueInfo, 12: valueInfo, 13: valueInfo });
const operatorSet = () => none;
/** `ModelProto`. */
export const onnxSchema: Schema = { 7: graph, 8: operatorSet, 14: entry };

const modelField = { graph: 7, metadata: 14 } as const;
const graphField = { node: 1, initializer: 5, input: 11, output: 12 } as const;
const tensorField = { rawData: 9, externalData: 13, dataLocation: 14 } as const;
const external = 1n;

const numbers = [
  0n,
  1n,
  -1n,
  2n,
  3n,
  255n,
  65_536n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n,
  2n ** 63n - 1n,
  -(2n ** 63n),
];
/** Image sizes beyond any camera. */
const hugeSides = [4097n, 8192n, 20_000n, 65_536n, 1_000_000n];
const texts = ['', '__proto__', 'images', '\x1b[31m', '\n\n', '../../etc/passwd', 'é'.repeat(300), 'x'.repeat(100_000)];

/** Metadata keys that the gateway parses, and values that are expensive to parse. */
const metadataKeys = [
  'names',
  'imgsz',
  'stride',
  'task',
  'alphabet',
  'crop_margin',
  'text_score',
  'end2end',
  '__proto__',
];
const hostileLength = 300_000;
const hostileValues: readonly string[] = [
  '1'.repeat(hostileLength),
  '1 '.repeat(hostileLength),
  `{0: '${"\\'".repeat(hostileLength)}`,
  `[${"'a',".repeat(hostileLength)}]`,
  `{99999999999999999999: 'a'}`,
  `{99999: 'a'}`,
  `{0: '${'x'.repeat(hostileLength)}'}`,
  '[0, 0]',
  '[99999999, 99999999]',
  '[8192, 8192]',
  '[1, 100000000]',
  '-1',
  'NaN',
  '1e308',
  'detect',
  'text-recognition',
  'True',
  'é'.repeat(hostileLength),
  '[0.5, 99999999999]',
  '',
];

/** All nested fields of a message, each with its containing list. */
function placesOf(fields: Field[]): { readonly list: Field[]; readonly at: number }[] {
  return fields.flatMap((field, at) => [
    { list: fields, at },
    ...(field.kind === 'message' ? placesOf(field.fields) : []),
  ]);
}

/** Fields at this path of field numbers. */
function fieldsAt(fields: readonly Field[], ...path: readonly number[]): Field[] {
  const [first, ...rest] = path;
  const found = fields.filter((field) => field.number === first);
  if (rest.length === 0) return found;
  return found.flatMap((field) => (field.kind === 'message' ? fieldsAt(field.fields, ...rest) : []));
}

function changedField(random: Random, field: Field): Field {
  if (field.kind === 'message') return { ...field, fields: [] };
  if (field.kind === 'bytes') {
    const text = Buffer.from(pick(random, texts));
    return { ...field, value: random() < 0.5 ? text : randomBytes(random, below(random, 2 * field.value.length + 1)) };
  }
  if (field.wireType === wire.varint) return { ...field, value: varint(pick(random, numbers)) };
  return { ...field, value: randomBytes(random, field.value.length) };
}

type Change = (random: Random, fields: Field[]) => void;

function changeAny(change: (random: Random, list: Field[], at: number) => void): Change {
  return (random, fields) => {
    const places = placesOf(fields);
    if (places.length === 0) return;
    const { list, at } = pick(random, places);
    change(random, list, at);
  };
}

/** Sets a dimension of an input or output. */
function changeDimension(values: readonly bigint[]): Change {
  return (random, fields) => {
    const end = pick(random, [graphField.input, graphField.output]);
    const dimensions = fieldsAt(fields, modelField.graph, end, 2, 1, 2, 1);
    const chosen = dimensions[below(random, dimensions.length)];
    if (chosen?.kind === 'message') chosen.fields.splice(0, chosen.fields.length, numberField(1, pick(random, values)));
  };
}

const changes: Readonly<Record<string, Change>> = {
  'field changed': changeAny((random, list, at) => {
    list[at] = changedField(random, list[at] as Field);
  }),
  'field removed': changeAny((_, list, at) => void list.splice(at, 1)),
  'field duplicated': changeAny((_, list, at) => void list.splice(at, 0, list[at] as Field)),
  'field renumbered': changeAny((random, list, at) => {
    list[at] = { ...(list[at] as Field), number: 1 + below(random, 20) };
  }),
  'field moved': changeAny((random, list, at) => {
    const [moved] = list.splice(at, 1);
    list.splice(below(random, list.length + 1), 0, moved as Field);
  }),
  'huge dimension': changeDimension(hugeSides),
  'dimension changed': changeDimension(numbers),
  'type changed': (random, fields) => {
    const end = pick(random, [graphField.input, graphField.output]);
    for (const field of fieldsAt(fields, modelField.graph, end, 2, 1))
      if (field.kind === 'message') field.fields.unshift(numberField(1, BigInt(below(random, 25))));
  },
  'rank changed': (random, fields) => {
    const end = pick(random, [graphField.input, graphField.output]);
    for (const field of fieldsAt(fields, modelField.graph, end, 2, 1, 2))
      if (field.kind === 'message') field.fields.splice(below(random, field.fields.length + 1), random() < 0.5 ? 1 : 0);
  },
  'weights in an external file': (random, fields) => {
    const weights = fieldsAt(fields, modelField.graph, graphField.initializer);
    const chosen = weights[below(random, weights.length)];
    if (chosen?.kind !== 'message') return;
    const raw = chosen.fields.findIndex(({ number }) => number === tensorField.rawData);
    if (raw >= 0) chosen.fields.splice(raw, 1);
    const location = pick(random, [
      '../../../../etc/passwd',
      '/etc/passwd',
      '/dev/zero',
      '/proc/self/mem',
      '.',
      'model.onnx',
    ]);
    chosen.fields.push(entryField(tensorField.externalData, 'location', location));
    if (random() < 0.5)
      chosen.fields.push(entryField(tensorField.externalData, 'offset', pick(random, ['-1', '1e30', '4096'])));
    if (random() < 0.5)
      chosen.fields.push(entryField(tensorField.externalData, 'length', pick(random, ['-1', '99999999999', '4'])));
    chosen.fields.push(numberField(tensorField.dataLocation, external));
  },
  'no graph': (_, fields) => {
    const at = fields.findIndex(({ number }) => number === modelField.graph);
    if (at >= 0) fields.splice(at, 1);
  },
  'empty graph': (_, fields) => {
    for (const field of fieldsAt(fields, modelField.graph)) if (field.kind === 'message') field.fields.splice(0);
  },
  'no nodes': (_, fields) => {
    for (const field of fieldsAt(fields, modelField.graph))
      if (field.kind === 'message')
        field.fields.splice(0, field.fields.length, ...field.fields.filter(({ number }) => number !== graphField.node));
  },
  'no metadata': (_, fields) => {
    fields.splice(0, fields.length, ...fields.filter(({ number }) => number !== modelField.metadata));
  },
  'hostile metadata': (random, fields) => {
    fields.push(entryField(modelField.metadata, pick(random, metadataKeys), pick(random, hostileValues)));
  },
};

const names = Object.keys(changes);
const maxChanges = 3;

export function makeOnnx(random: Random, bases: readonly Uint8Array[]): Case {
  const base = pick(random, bases);
  if (random() < 0.2) return damage(random, base);
  const fields = readMessage(base, onnxSchema);
  const done = Array.from({ length: 1 + below(random, maxChanges) }, () => pick(random, names));
  for (const name of done) changes[name]?.(random, fields);
  const bytes = writeMessage(fields);
  if (random() < 0.1) {
    const damaged = damage(random, bytes);
    return { bytes: damaged.bytes, what: `${done.join(', ')}; ${damaged.what}` };
  }
  return { bytes, what: done.join(', ') };
}
