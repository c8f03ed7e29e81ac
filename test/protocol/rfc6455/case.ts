/** One case of the RFC 6455 suite. */
import { wireFrame } from '../../support/wire-frame.ts';

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** A message as sent by the case and expected by the server. */
export interface Data {
  readonly opcode: number;
  readonly payload: Uint8Array;
}

/**
 * The replies in order: `message` for the message as sent, `pong:…` with the payload, `close:CODE end` for a closing handshake, `fail` for a
 * connection that ends otherwise (possibly after a close frame with 1002, 1007 or 1009). Empty: the connection stays open.
 */
export type Outcome = string;

export interface Case {
  readonly section: string;
  readonly name: string;
  /** Bytes sent after the handshake, in one segment. */
  readonly bytes: (data: Data) => Uint8Array;
  /** The outcomes that the RFC allows. */
  readonly rfc: readonly Outcome[];
  /** Replaces the server's default message: text for the echo, a JPEG for the stream. */
  readonly data?: Data;
  /** The actual outcomes, and the reason. */
  readonly differs?: { readonly outcomes: readonly Outcome[]; readonly why: string };
  /** Sends one segment per byte. */
  readonly isDripped?: boolean;
}

export const whole = ({ opcode, payload }: Data) => wireFrame({ opcode, payload });

export function ping(payload = ''): Buffer {
  return wireFrame({ opcode: opcodes.ping, payload: Buffer.from(payload) });
}

/** The message in `count` fragments, with something in between. */
export function fragments({ opcode, payload }: Data, count: number, between: Uint8Array = Buffer.alloc(0)): Buffer {
  const size = Math.ceil(payload.length / count);
  const parts = Array.from({ length: count }, (_, index) => [
    ...(index > 0 ? [between] : []),
    wireFrame({
      opcode: index === 0 ? opcode : opcodes.continuation,
      payload: payload.subarray(index * size, (index + 1) * size),
      fin: index === count - 1,
    }),
  ]);
  return Buffer.concat(parts.flat());
}
