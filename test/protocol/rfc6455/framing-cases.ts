/** RFC 6455, 5.1 to 5.4 and 10.4: masks, headers, lengths and fragments. */
import { wireFrame } from '../../support/wire-frame.ts';
import { type Case, type Data, fragments, opcodes, ping, whole } from './case.ts';

const { continuation, binary, text, close } = opcodes;

/** uWebSockets.js reads the mask without checking the bit that announces it. */
const maskBitWhy = 'uWebSockets.js ignores the mask bit and always reads four bytes of mask';
const nestedWhy = 'uWebSockets.js appends a binary frame inside an incomplete message to that message';
const minimalWhy = 'uWebSockets.js accepts any encoding of a length';

const fail = (section: string, name: string, bytes: Case['bytes']): Case => ({ section, name, bytes, rfc: ['fail'] });
const pass = (section: string, name: string, bytes: Case['bytes'], data?: Data): Case => ({
  ...{ section, name, bytes, rfc: ['message'] },
  ...(data === undefined ? {} : { data }),
});

const masks: Case[] = [
  pass('5.1', 'a masked message', whole),
  pass('5.1', 'a mask of zeros', ({ opcode, payload }) => wireFrame({ opcode, payload, mask: Buffer.alloc(4) })),
  pass('5.3', 'a mask of ones', ({ opcode, payload }) => wireFrame({ opcode, payload, mask: Buffer.alloc(4, 0xff) })),
  pass('5.3', 'a different mask per fragment', ({ opcode, payload }) =>
    Buffer.concat([
      wireFrame({ opcode, payload: payload.subarray(0, 3), fin: false, mask: Buffer.from('abcd') }),
      wireFrame({ opcode: continuation, payload: payload.subarray(3), mask: Buffer.from('wxyz') }),
    ]),
  ),
  {
    ...fail('5.1', 'a message without its mask bit', ({ opcode, payload }) =>
      wireFrame({ opcode, payload, mask: 'unsaid' }),
    ),
    differs: { outcomes: ['message'], why: maskBitWhy },
  },
  {
    ...fail('5.1', 'a ping without its mask bit', () =>
      wireFrame({ opcode: opcodes.ping, payload: Buffer.from('p'), mask: 'unsaid' }),
    ),
    differs: { outcomes: ['pong:p'], why: maskBitWhy },
  },
];

const reserved: Case[] = [
  ...[4, 2, 1, 7].map((rsv) =>
    fail('5.2', `reserved bits ${rsv} on a message`, ({ opcode, payload }) => wireFrame({ opcode, payload, rsv })),
  ),
  ...[4, 2, 1].map((rsv) =>
    fail('5.2', `reserved bits ${rsv} on a ping`, () => wireFrame({ opcode: opcodes.ping, rsv })),
  ),
  fail('5.2', 'a reserved bit on a continuation', ({ opcode, payload }) =>
    Buffer.concat([wireFrame({ opcode, payload, fin: false }), wireFrame({ opcode: continuation, rsv: 4 })]),
  ),
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) =>
    fail('5.2', `opcode ${opcode}`, () => wireFrame({ opcode, payload: Buffer.from('x') })),
  ),
];

const sized = (bytes: number): Data => ({ opcode: binary, payload: Buffer.alloc(bytes, 'framegate') });
/** First byte of a binary message, mask bit and a 64-bit length, as far as given. */
const longHeader = (...length: number[]) => Buffer.from([0x82, 0xff, ...length, 1, 2, 3, 4]);

const lengths: Case[] = [
  ...[0, 1, 125, 126, 127, 65_535, 65_536, 1_000_000].map((bytes) =>
    pass('5.2', `${bytes} bytes`, whole, sized(bytes)),
  ),
  ...([16, 64] as const).map((lengthBits) => ({
    ...fail('5.2', `a length of 5 in ${lengthBits} bits`, ({ opcode, payload }) =>
      wireFrame({ opcode, payload, lengthBits }),
    ),
    ...{ data: sized(5), differs: { outcomes: ['message'], why: minimalWhy } },
  })),
  {
    ...fail('5.2', 'a length of 65535 in 64 bits', ({ opcode, payload }) =>
      wireFrame({ opcode, payload, lengthBits: 64 }),
    ),
    ...{ data: sized(65_535), differs: { outcomes: ['message'], why: minimalWhy } },
  },
  fail('5.2', 'a length with its highest bit set', () => longHeader(0x80, 0, 0, 0, 0, 0, 0, 1)),
  fail('5.2', 'a length of 2⁶⁴ − 1', () => longHeader(...new Array(8).fill(0xff))),
  fail('10.4', 'a length above the hard cap', () => longHeader(0, 0, 0, 0x10, 0, 0, 0, 0)),
  fail('10.4', 'fragments that together exceed the hard cap', () => {
    const payload = Buffer.alloc(9_000_000);
    const more = wireFrame({ opcode: continuation, payload, fin: false });
    return Buffer.concat([wireFrame({ opcode: binary, payload, fin: false }), more, more, more]);
  }),
  { ...pass('5.2', 'one segment per byte', whole), isDripped: true },
];

const letters: Data = { opcode: text, payload: Buffer.from('letters') };
const empty: Data = { opcode: binary, payload: Buffer.alloc(0) };
const start = ({ opcode, payload }: Data) => wireFrame({ opcode, payload, fin: false });

const fragmented: Case[] = [
  ...[2, 3, 10, 50].map((count) => pass('5.4', `${count} fragments`, (data) => fragments(data, count))),
  pass('5.4', 'an empty first fragment', ({ opcode, payload }) =>
    Buffer.concat([wireFrame({ opcode, fin: false }), wireFrame({ opcode: continuation, payload })]),
  ),
  pass('5.4', 'an empty last fragment', (data) => Buffer.concat([start(data), wireFrame({ opcode: continuation })])),
  pass('5.4', 'empty fragments in between', (data) =>
    Buffer.concat([
      start(data),
      ...new Array(5).fill(wireFrame({ opcode: continuation, fin: false })),
      wireFrame({ opcode: continuation }),
    ]),
  ),
  pass('5.4', 'only empty fragments', (data) => fragments(data, 3), empty),
  {
    section: '5.4',
    name: 'a ping between fragments',
    bytes: (data) => fragments(data, 2, ping('p')),
    rfc: ['pong:p message'],
  },
  {
    ...{ section: '5.4', name: 'pings between all of five fragments', bytes: (data) => fragments(data, 5, ping('p')) },
    rfc: ['pong:p pong:p pong:p pong:p message'],
  },
  pass('5.4', 'a pong between fragments', (data) => fragments(data, 2, wireFrame({ opcode: opcodes.pong }))),
  {
    ...{ section: '5.4', name: 'a close between fragments', rfc: ['close:1000 end'] },
    bytes: (data) => fragments(data, 2, wireFrame({ opcode: close, payload: Buffer.from([3, 0xe8]) })),
  },
  fail('5.4', 'a continuation without a message', ({ payload }) => wireFrame({ opcode: continuation, payload })),
  fail('5.4', 'an incomplete continuation without a message', ({ payload }) =>
    wireFrame({ opcode: continuation, payload, fin: false }),
  ),
  {
    section: '5.4',
    name: 'a continuation after a complete message',
    rfc: ['fail', 'message fail'],
    bytes: (data) => Buffer.concat([whole(data), wireFrame({ opcode: continuation })]),
  },
  { ...fail('5.4', 'text inside text', (data) => fragments(data, 2, whole(data))), data: letters },
  {
    ...fail('5.4', 'a binary message inside another', (data) => fragments(data, 2, whole(data))),
    ...{ data: sized(9), differs: { outcomes: ['other other', 'message'], why: nestedWhy } },
  },
  {
    ...fail('5.4', 'a binary message inside text', (data) => fragments(data, 2, whole(sized(9)))),
    ...{ data: letters, differs: { outcomes: ['other other', 'message'], why: nestedWhy } },
  },
  fail('5.4', 'a second start of a message, and a ping', (data) =>
    Buffer.concat([start(data), start(data), ping('p')]),
  ),
  fail('5.4', 'text inside a binary message', () => Buffer.concat([start(empty), wireFrame({ opcode: text })])),
  fail('5.4', 'a reserved opcode between fragments', (data) => fragments(data, 2, wireFrame({ opcode: 3 }))),
];

export const framingCases: readonly Case[] = [...masks, ...reserved, ...lengths, ...fragmented];
