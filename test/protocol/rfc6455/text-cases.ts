/** RFC 6455, 5.6 and 8.1: text messages are UTF-8, as complete messages rather than per fragment. */
import { type Case, type Data, fragments, opcodes, whole } from './case.ts';

const text = (payload: string | Uint8Array): Data => ({
  opcode: opcodes.text,
  payload: Buffer.from(payload as string),
});
const bytes = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');

const valid: [name: string, payload: string | Uint8Array][] = [
  ['ASCII', 'Hello'],
  ['nothing', ''],
  ['NUL', '\0'],
  ['two and three bytes per character', 'κόσμε – Hello-µ@ßöä'],
  ['four bytes', '𝄞😀'],
  ['the first of each length', '\u0000\u0080\u0800\u{10000}'],
  ['the last of each length', '\u007f\u07ff\uffff\u{10ffff}'],
  ['both sides of the surrogates', '\ud7ff\ue000'],
  ['noncharacters', '\ufdd0\ufffe\u{1fffe}'],
  ['a byte order mark', '\ufeffHello'],
  ['70,000 bytes', 'ä'.repeat(35_000)],
];

const invalid: [name: string, payload: Uint8Array][] = [
  ['a continuation byte alone', bytes('80')],
  ['a start byte alone', bytes('c3')],
  ['a truncated character at the end', bytes('48 65 e2 82')],
  ['a truncated four-byte character', bytes('f0 9f 98')],
  ['a start byte before ASCII', bytes('e2 41 41')],
  ['an overlong slash', bytes('c0 af')],
  ['an overlong slash of three bytes', bytes('e0 80 af')],
  ['an overlong slash of four bytes', bytes('f0 80 80 af')],
  ['an overlong NUL', bytes('c0 80')],
  ['the largest overlong of two', bytes('c1 bf')],
  ['a high surrogate', bytes('ed a0 80')],
  ['a low surrogate', bytes('ed bf bf')],
  ['a pair of surrogates', bytes('ed a0 80 ed b0 80')],
  ['above U+10FFFF', bytes('f4 90 80 80')],
  ['five bytes', bytes('f8 88 80 80 80')],
  ['six bytes', bytes('fc 84 80 80 80 80')],
  ['FE and FF', bytes('fe fe ff ff')],
  ['an error after 4,096 characters', Buffer.concat([Buffer.from('a'.repeat(4096)), bytes('ff')])],
];

export const textCases: readonly Case[] = [
  ...valid.map(([name, payload]) => ({
    ...{ section: '8.1', name, bytes: whole },
    data: text(payload),
    rfc: ['message'],
  })),
  ...[2, 3, 19].map((count) => ({
    ...{ section: '8.1', name: `characters split by ${count} fragments`, rfc: ['message'] },
    ...{ bytes: (data: Data) => fragments(data, count), data: text('κόσμε 😀😀😀') },
  })),
  ...invalid.map(([name, payload]) => ({
    ...{ section: '8.1', name, bytes: whole },
    data: text(payload),
    rfc: ['fail'],
  })),
  ...invalid.slice(0, 6).map(([name, payload]) => ({
    ...{ section: '8.1', name: `${name}, fragmented`, bytes: (data: Data) => fragments(data, 2) },
    ...{ data: text(payload), rfc: ['fail'] },
  })),
  ...invalid.slice(0, 3).map(([name, payload]) => ({
    ...{ section: '5.6', name: `${name}, in a binary message`, bytes: whole, rfc: ['message'] },
    data: { opcode: opcodes.binary, payload },
  })),
];
