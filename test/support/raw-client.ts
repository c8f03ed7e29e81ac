/** A minimal WebSocket client on TCP: it can stop reading, and send what no library would. */
import { createHash, randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import type { Gateway } from './gateway.ts';

const acceptGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
export const opcode = { text: 1, binary: 2, close: 8, ping: 9 } as const;

/** A frame from the server: its opcode and payload. */
export interface ServerFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

export class RawClient {
  readonly socket: Socket;
  /** All bytes received, including the response to the upgrade. */
  received: Buffer = Buffer.alloc(0);
  readonly #pieces: Buffer[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (piece) => this.#pieces.push(piece));
    socket.on('error', () => undefined);
  }

  /** Connects without sending anything. */
  static connect({ port }: Pick<Gateway, 'port'>): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1' }, () => resolve(new RawClient(socket)));
      socket.once('error', reject);
    });
  }

  /** Connects and upgrades. */
  static async open(gateway: Pick<Gateway, 'port'>, pipelineId: string): Promise<RawClient> {
    const client = await RawClient.connect(gateway);
    const key = randomBytes(16).toString('base64');
    client.socket.write(upgradeRequest(pipelineId, key));
    while (!client.text().includes('\r\n\r\n')) await client.more();
    const accept = createHash('sha1').update(`${key}${acceptGuid}`).digest('base64');
    if (!client.text().includes(accept)) throw new Error(`no upgrade: ${client.text()}`);
    return client;
  }

  /** Sends one message, masked as required of clients. */
  send(code: number, payload: Uint8Array): void {
    this.socket.write(clientFrame(code, payload));
  }

  text(): string {
    return this.bytes().toString('latin1');
  }

  bytes(): Buffer {
    this.received = Buffer.concat([this.received, ...this.#pieces.splice(0)]);
    return this.received;
  }

  /** Waits for the next bytes. @throws Error if the connection has ended. */
  more(): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = () => reject(new Error(`connection ended after ${this.text().slice(-200)}`));
      if (this.socket.closed) fail();
      this.socket.once('close', fail);
      this.socket.once('data', () => {
        this.socket.off('close', fail);
        resolve();
      });
    });
  }

  /** Waits for the end of the connection. */
  closed(): Promise<void> {
    if (this.socket.closed) return Promise.resolve();
    return new Promise((resolve) => this.socket.once('close', () => resolve()));
  }

  /** The complete frames received after the response to the upgrade. */
  frames(): ServerFrame[] {
    const bytes = this.bytes();
    const frames: ServerFrame[] = [];
    let at = bytes.indexOf('\r\n\r\n') + 4;
    while (at + 2 <= bytes.length) {
      const short = bytes.readUInt8(at + 1);
      const start = at + 2 + (short === 127 ? 8 : short === 126 ? 2 : 0);
      if (start > bytes.length) break;
      const length =
        short === 127 ? Number(bytes.readBigUInt64BE(at + 2)) : short === 126 ? bytes.readUInt16BE(at + 2) : short;
      if (start + length > bytes.length) break;
      frames.push({ opcode: bytes.readUInt8(at) & 0x0f, payload: bytes.subarray(start, start + length) });
      at = start + length;
    }
    return frames;
  }
}

export function upgradeRequest(pipelineId: string, key: string = randomBytes(16).toString('base64')): string {
  const lines = [
    `GET /ws/video/stream?pipeline_id=${pipelineId} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${key}`,
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** A complete masked frame; the mask is zero, so the payload is unchanged. */
export function clientFrame(code: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(14);
  head[0] = 0x80 | code;
  let end = 2;
  if (payload.length < 126) head[1] = 0x80 | payload.length;
  else if (payload.length < 65_536) {
    head[1] = 0x80 | 126;
    end = head.writeUInt16BE(payload.length, 2);
  } else {
    head[1] = 0x80 | 127;
    end = head.writeBigUInt64BE(BigInt(payload.length), 2);
  }
  return Buffer.concat([head.subarray(0, end + 4), payload]);
}
