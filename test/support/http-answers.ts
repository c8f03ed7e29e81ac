/** Sends bytes as they are to a gateway's port and counts the HTTP answers to them. Tests only. */
import type { Gateway } from './gateway.ts';
import { RawClient } from './raw-client.ts';

/** What became of a connection. */
export interface Exchange {
  /** Status of each answer in order. */
  readonly statuses: number[];
  /** Everything that came. */
  readonly text: string;
  /** Whether the gateway has ended the connection. */
  readonly isEnded: boolean;
}

/** Writes the pieces one after the other, each once the gateway has done with the one before, and tells what came back. */
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

/** The gateway's loop reads what came before a connection before it answers on it, and has answered what it put off by the next. */
async function settled({ httpUrl }: Pick<Gateway, 'httpUrl'>): Promise<void> {
  for (let round = 0; round < 2; round++) {
    await (await fetch(`${httpUrl}/healthz`, { headers: { connection: 'close' } })).text();
  }
}
