/** Mutates JPEG files like broken cables, cameras and software: part by part, keeping SOI, EOI and the image size. */
import { randomBytes } from '../../test/support/seeded-random.ts';
import { joinParts, type Part, type Segment, splitParts } from './parts.ts';

type Random = () => number;

const sof0 = 0xc0;
const sof2 = 0xc2;
const dri = 0xdd;
const app1 = 0xe1;
const comment = 0xfe;
/** A frame header begins with bit depth, height, width and component count, which stay; three bytes per component follow. */
const firstComponentByte = 6;
const maxInserted = 40;
/** Maximum changes to one file. */
const maxChanges = 3;

function below(random: Random, end: number): number {
  return Math.floor(random() * end);
}

function pick<Value>(random: Random, values: readonly Value[]): Value {
  return values[below(random, values.length)] as Value;
}

function isFrameHeader(part: Part | undefined): boolean {
  return part?.type === 'segment' && part.code >= sof0 && part.code <= sof2;
}

type Change = (random: Random, parts: Part[]) => void;

/** Changes one of the segments for which `fits` returns true. */
function changeSegment(
  fits: (segment: Segment) => boolean,
  change: (random: Random, segment: Segment) => Segment,
): Change {
  return (random, parts) => {
    const segments = [...parts.entries()].flatMap(([at, part]) =>
      part.type === 'segment' && fits(part) ? [{ at, part }] : [],
    );
    if (segments.length === 0) return;
    const { at, part } = pick(random, segments);
    parts[at] = change(random, part);
  };
}

function changeData(change: (random: Random, data: Uint8Array) => Iterable<number>): Change {
  return changeSegment(
    ({ data }) => data.length > 2,
    (random, segment) => ({ ...segment, data: Uint8Array.from(change(random, segment.data)) }),
  );
}

function changePayload(
  fits: (segment: Segment) => boolean,
  change: (random: Random, payload: Uint8Array) => Iterable<number>,
): Change {
  return changeSegment(
    (segment) => segment.payload.length > 0 && fits(segment),
    (random, segment) => ({ ...segment, payload: Uint8Array.from(change(random, segment.payload)) }),
  );
}

function segmentOf(code: number, payload: Uint8Array): Segment {
  return { type: 'segment', code, payload, data: new Uint8Array(0) };
}

function insert(part: (random: Random) => Part): Change {
  return (random, parts) => void parts.splice(below(random, parts.length + 1), 0, part(random));
}

function insertInto(bytes: Uint8Array, at: number, inserted: Iterable<number>): number[] {
  return [...bytes.subarray(0, at), ...inserted, ...bytes.subarray(at)];
}

function some(random: Random): Uint8Array {
  return randomBytes(random, 1 + below(random, maxInserted));
}

function withByte(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const changed = bytes.slice();
  changed[at] = value;
  return changed;
}

/** Offsets of restart markers in coded data. */
function restartsIn(bytes: Uint8Array): number[] {
  return [...bytes.keys()].filter((at) => bytes[at] === 0xff && ((bytes[at + 1] ?? 0) & 0xf8) === 0xd0);
}

const lookAlikes = [0xff, 0xda, 0xff, 0xd9, 0xff, 0xc0, 0xff, 0xd8];

/** All kinds of changes by name. */
const changes: Readonly<Record<string, Change>> = {
  'a bit of coded data': changeData((random, bytes) => {
    const at = below(random, bytes.length);
    return withByte(bytes, at, (bytes[at] as number) ^ (1 << below(random, 8)));
  }),
  'bytes of coded data lost': changeData((random, bytes) => {
    const at = below(random, bytes.length);
    return [...bytes.subarray(0, at), ...bytes.subarray(at + 1 + below(random, maxInserted))];
  }),
  'bytes within coded data': changeData((random, bytes) =>
    insertInto(bytes, below(random, bytes.length), some(random)),
  ),
  'coded data cut short': changeData((random, bytes) => bytes.subarray(0, below(random, bytes.length))),
  'a restart marker within': changeData((random, bytes) =>
    insertInto(bytes, below(random, bytes.length), [0xff, 0xd0 + below(random, 8)]),
  ),
  'a restart marker lost': changeData((random, bytes) => {
    const at = pick(random, [...restartsIn(bytes), bytes.length]);
    return [...bytes.subarray(0, at), ...bytes.subarray(at + 2)];
  }),
  'bytes before a restart marker': changeData((random, bytes) =>
    insertInto(bytes, pick(random, [...restartsIn(bytes), bytes.length]), some(random)),
  ),
  'a byte of a table or comment': changePayload(
    (part) => !isFrameHeader(part),
    (random, payload) => withByte(payload, below(random, payload.length), below(random, 256)),
  ),
  'a byte of the frame header': changePayload(isFrameHeader, (random, payload) =>
    withByte(payload, firstComponentByte + below(random, payload.length - firstComponentByte), below(random, 256)),
  ),
  'other sampling': changePayload(isFrameHeader, (random, payload) =>
    withByte(payload, firstComponentByte + 1, ((1 + below(random, 4)) << 4) | (1 + below(random, 4))),
  ),
  'a wrong length': changeSegment(
    (segment) => !isFrameHeader(segment),
    (random, segment) => ({ ...segment, claimedLength: Math.max(0, segment.payload.length - 2 + below(random, 9)) }),
  ),
  'a segment lost': (random, parts) => {
    const at = below(random, parts.length);
    if (!isFrameHeader(parts[at])) parts.splice(at, 1);
  },
  'a segment twice': (random, parts) => {
    const at = below(random, parts.length);
    parts.splice(at, 0, parts[at] as Part);
  },
  'two segments exchanged': (random, parts) => {
    const [a, b] = [below(random, parts.length), below(random, parts.length)];
    [parts[a], parts[b]] = [parts[b] as Part, parts[a] as Part];
  },
  'stray bytes': insert((random) => ({ type: 'bytes', bytes: some(random) })),
  'fill bytes': insert((random) => ({
    type: 'bytes',
    bytes: new Uint8Array(1 + below(random, maxInserted)).fill(0xff),
  })),
  'an application’s segment': insert((random) =>
    segmentOf(app1 + below(random, 15), randomBytes(random, below(random, 200))),
  ),
  'look-alikes in a comment': insert(() => segmentOf(comment, Uint8Array.from(lookAlikes))),
  'an empty segment': insert((random) => ({
    ...segmentOf(comment, new Uint8Array(0)),
    claimedLength: below(random, 3),
  })),
  'hundreds of segments': (_random, parts) => {
    const one = segmentOf(comment, Uint8Array.of(1, 2));
    parts.unshift(...Array.from({ length: 300 }, () => one));
  },
  'another restart interval': insert((random) => segmentOf(dri, Uint8Array.of(0, below(random, 20)))),
};

export interface Mutation {
  readonly bytes: Uint8Array;
  /** Names of the changes. */
  readonly what: string;
}

/** Mutates one of the files with one to three changes, and in one of four cases appends bytes after EOI. */
export function mutate(random: Random, bases: readonly Uint8Array[]): Mutation {
  const parts = splitParts(pick(random, bases));
  const names = Array.from({ length: 1 + below(random, maxChanges) }, () => pick(random, Object.keys(changes)));
  for (const name of names) changes[name]?.(random, parts);
  const tail = random() < 0.25 ? pick(random, [some(random), pick(random, bases), new Uint8Array(4096)]) : undefined;
  return { bytes: joinParts(parts, tail), what: names.join(', ') };
}
