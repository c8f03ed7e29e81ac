/** WebSocket frames written bit by bit (RFC 6455, section 5.2), valid or invalid. Tests only. */

export interface FrameBits {
  readonly opcode: number;
  readonly payload?: Uint8Array;
  readonly fin?: boolean;
  /** The three reserved bits; RSV1 is the highest. */
  readonly rsv?: number;
  /** Four bytes; `none` omits the key and the MASK bit, `unsaid` only the bit. */
  readonly mask?: Uint8Array | 'none' | 'unsaid';
  /** Width of the length field; the minimum by default. */
  readonly lengthBits?: 7 | 16 | 64;
}

const someMask = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);

export function wireFrame(bits: FrameBits): Buffer {
  const { opcode, payload = new Uint8Array(0), fin = true, rsv = 0, mask = someMask } = bits;
  const key = typeof mask === 'string' ? someMask : mask;
  const first = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  const length = lengthField(payload.length, bits.lengthBits);
  if (typeof mask !== 'string') length[0] = (length[0] as number) | 0x80;
  const masked = mask === 'none' ? payload : payload.map((byte, at) => byte ^ (key[at % 4] as number));
  return Buffer.concat([Buffer.from([first]), length, ...(mask === 'none' ? [] : [key]), masked]);
}

function lengthField(length: number, bits = length < 126 ? 7 : length < 65_536 ? 16 : 64): Buffer {
  if (bits === 7) return Buffer.from([length]);
  const field = Buffer.alloc(1 + bits / 8);
  field[0] = bits === 16 ? 126 : 127;
  field.writeUIntBE(length, bits === 16 ? 1 : 3, bits === 16 ? 2 : 6);
  return field;
}

/** The payload of a close frame. */
export function closePayload(code: number, reason: string | Uint8Array = ''): Buffer {
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(code);
  return Buffer.concat([payload, Buffer.from(reason as string)]);
}
