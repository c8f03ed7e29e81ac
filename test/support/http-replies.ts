/** Sends raw bytes to a gateway's port and parses the HTTP responses. Tests only. */
import type { Gateway } from './gateway.ts';
import { RawClient } from './raw-client.ts';

/** The result of a connection. */
export interface Exchange {
  /** Status of each response in order. */
  readonly statuses: number[];
  /** All bytes received. */
  readonly text: string;
  /** Whether the gateway has closed the connection. */
  readonly isEnded: boolean;
}

/** Writes the pieces one after the other, each when the gateway has processed the previous one. @returns the responses. */
export async function exchange(
  gateway: Pick<Gateway, 'port' | 'httpUrl'>,
  pieces: readonly Uint8Array[],
): Promise<Exchange> {
  const client = await RawClient.connect(gateway);
  client.socket.setNoDelay(true);
  client.socket.on('end', () => client.socket.end());
  for (const piece of pieces) {
    if (client.socket.writable) await new Promise((resolve) => client.socket.write(piece, resolve));
    await settled(gateway);
  }
  const text = client.text();
  const isEnded = client.socket.readableEnded || client.socket.destroyed;
  client.socket.destroy();
  return { statuses: statusesIn(text), text, isEnded };
}

function statusesIn(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) (?!Continue)/g)].map(([, status]) => Number(status));
}

/** The gateway's loop reads a connection's data before it replies to a later connection, and sends delayed replies by the one after that. */
async function settled({ httpUrl }: Pick<Gateway, 'httpUrl'>): Promise<void> {
  for (let round = 0; round < 2; round++) {
    await (await fetch(`${httpUrl}/healthz`, { headers: { connection: 'close' } })).text();
  }
}
