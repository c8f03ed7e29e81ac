/** RFC 6455, 5.5 and 7: control frames, close codes and the closing handshake. */
import { closePayload, wireFrame } from '../../support/wire-frame.ts';
import { type Case, opcodes, ping, whole } from './case.ts';

const close = (payload?: Uint8Array) =>
  wireFrame({ opcode: opcodes.close, ...(payload === undefined ? {} : { payload }) });
const control = (opcode: number, bytes: number) => wireFrame({ opcode, payload: Buffer.alloc(bytes, 'c') });
const is = (section: string, name: string, bytes: Case['bytes'], ...rfc: string[]): Case => ({
  section,
  name,
  bytes,
  rfc,
});

const limits: Case[] = [
  is('5.5', 'a ping of 125 bytes', () => control(opcodes.ping, 125), `pong:${'c'.repeat(125)}`),
  is('5.5', 'a ping of 126 bytes', () => control(opcodes.ping, 126), 'fail'),
  is('5.5', 'a pong of 125 bytes', () => control(opcodes.pong, 125), ''),
  is('5.5', 'a pong of 126 bytes', () => control(opcodes.pong, 126), 'fail'),
  is('5.5', 'a close of 125 bytes', () => close(closePayload(1000, 'r'.repeat(123))), 'close:1000 end'),
  is('5.5', 'a close of 126 bytes', () => close(closePayload(1000, 'r'.repeat(124))), 'fail'),
  ...[opcodes.ping, opcodes.pong, opcodes.close].map((opcode) =>
    is('5.5', `opcode ${opcode} fragmented`, () => wireFrame({ opcode, fin: false }), 'fail'),
  ),
];

const pings: Case[] = [
  is('5.5.2', 'a ping without a payload', () => ping(), 'pong:'),
  is('5.5.2', 'a ping with one', () => ping('abc'), 'pong:abc'),
  is(
    '5.5.2',
    'a ping whose payload is not UTF-8',
    () => wireFrame({ opcode: opcodes.ping, payload: Buffer.from([0, 255, 254]) }),
    'pong:\0ÿþ',
  ),
  is(
    '5.5.2',
    'ten pings at once',
    () => Buffer.concat(new Array(10).fill(ping('n'))),
    new Array(10).fill('pong:n').join(' '),
    'pong:n',
  ),
  { ...is('5.5.2', 'a ping sent byte by byte', () => ping('slow'), 'pong:slow'), isDripped: true },
  is('5.5.2', 'a ping before a message', (data) => Buffer.concat([ping('first'), whole(data)]), 'pong:first message'),
  is('5.5.3', 'an unsolicited pong', () => control(opcodes.pong, 0), ''),
  is('5.5.3', 'a pong with a payload', () => control(opcodes.pong, 9), ''),
  is('5.5.3', 'a ping after a pong', () => Buffer.concat([control(opcodes.pong, 9), ping('p')]), 'pong:p'),
];

const codes1000 = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011];
/** Registered later, and both ends of the ranges for libraries and applications. */
const laterCodes = [1012, 1013, 1014, 3000, 3999];
const applicationCodes = [4000, 4999];
/** Never on the wire (7.4.1), or outside all ranges (7.4.2). */
const invalidCodes = [0, 999, 1004, 1005, 1006, 1015, 5000, 65_535];
/** Reserved for later versions (7.4.2): both outcomes are allowed. */
const unassignedCodes = [1016, 1100, 2000, 2999];

const unechoedWhy = 'uWebSockets.js completes the closing handshake with a close frame that has no code';
const unechoed = { outcomes: ['close:none end'], why: unechoedWhy };

const closeWith = (code: number, ...rfc: string[]) =>
  is('7.4', `close with ${code}`, () => close(closePayload(code)), ...rfc);

const codes: Case[] = [
  ...[...codes1000, ...applicationCodes].map((code) => closeWith(code, `close:${code} end`)),
  ...laterCodes.map((code) => ({ ...closeWith(code, `close:${code} end`), differs: unechoed })),
  ...invalidCodes.map((code) => ({ ...closeWith(code, 'fail'), differs: unechoed })),
  ...unassignedCodes.map((code) => ({ ...closeWith(code, 'fail', `close:${code} end`), differs: unechoed })),
];

const closes: Case[] = [
  is('5.5.1', 'a close without a payload', () => close(), 'close:none end', 'close:1000 end'),
  { ...is('5.5.1', 'a close of one byte', () => close(Buffer.from([3])), 'fail'), differs: unechoed },
  is('5.5.1', 'a reason', () => close(closePayload(1000, 'goodbye')), 'close:1000 end'),
  is(
    '5.5.1',
    'a reason with non-ASCII characters',
    () => close(closePayload(1000, 'auf Wiederhören ☺')),
    'close:1000 end',
  ),
  {
    ...is(
      '5.5.1',
      'a reason that is not UTF-8',
      () => close(closePayload(1000, Buffer.from([0xce, 0xba, 0xed, 0xa0, 0x80]))),
      'fail',
    ),
    differs: unechoed,
  },
  {
    ...is('5.5.1', 'a close sent byte by byte', () => close(closePayload(1001, 'by')), 'close:1001 end'),
    isDripped: true,
  },
  is(
    '5.5.1',
    'a message after the close',
    (data) => Buffer.concat([close(closePayload(1000)), whole(data)]),
    'close:1000 end',
  ),
  is('5.5.1', 'a ping after the close', () => Buffer.concat([close(closePayload(1000)), ping('p')]), 'close:1000 end'),
  is(
    '7.1.2',
    'a second close',
    () => Buffer.concat([close(closePayload(1000)), close(closePayload(1001))]),
    'close:1000 end',
  ),
  // The stream's reply takes a worker's time, and a closed session gets none.
  is(
    '7.1.4',
    'a message before the close',
    (data) => Buffer.concat([whole(data), close(closePayload(1000))]),
    'message close:1000 end',
    'close:1000 end',
  ),
  is('7.1.7', 'a message after a failure', (data) => Buffer.concat([wireFrame({ opcode: 3 }), whole(data)]), 'fail'),
  is('7.1.7', 'a ping after a failure', () => Buffer.concat([wireFrame({ opcode: 3 }), ping('p')]), 'fail'),
];

export const controlCases: readonly Case[] = [...limits, ...pings, ...codes, ...closes];
