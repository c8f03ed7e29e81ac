/** Runs one case of the RFC 6455 suite against a server over TCP and reports the outcome in the notation of case.ts. */
import { encodeGradient } from '../../support/jpeg-bytes.ts';
import { RawClient, type ServerFrame } from '../../support/raw-client.ts';
import { type Case, type Data, type Outcome, opcodes, ping } from './case.ts';

export interface Server {
  readonly name: 'echo' | 'stream';
  readonly port: number;
}

/** A case not finished by now never finishes. */
const maxWaitMs = 60_000;
const fence = 'fence';

/** Close codes for protocol errors of the peer. */
const failCodes = ['close:1002', 'close:1007', 'close:1009'];

const fallback: Readonly<Record<Server['name'], Data>> = {
  echo: { opcode: opcodes.text, payload: Buffer.from('Hello, wörld') },
  stream: { opcode: opcodes.binary, payload: encodeGradient(16, 16) },
};

/** The expected outcomes of a case here. */
export function expectedOf({ rfc, differs }: Case): readonly Outcome[] {
  return differs?.outcomes ?? rfc;
}

export async function play(server: Server, test: Case): Promise<Outcome> {
  const client = await RawClient.open(server, 'echo');
  const data = test.data ?? fallback[server.name];
  await write(client, test.bytes(data), test.isDripped === true);
  const [expected = ''] = expectedOf(test);
  const endsItself = /\b(?:end|fail)$/.test(expected);
  if (!endsItself) client.socket.write(ping(fence));
  const messages = expected.split(' ').filter((token) => token === 'message').length;
  const isDone = (tokens: readonly string[]) =>
    tokens.includes(`pong:${fence}`) && tokens.filter((token) => token === 'message').length >= messages;
  const deadlineMs = performance.now() + maxWaitMs;
  for (;;) {
    const tokens = client.frames().map((frame) => tokenOf(server, frame, data));
    const isOver = client.socket.closed;
    // The stream ends its session at a message that is not a JPEG; what follows is its own contract, not the RFC's.
    const refusal = tokens.indexOf('refused');
    if (refusal >= 0) return summary(client, [...tokens.slice(0, refusal), 'message']);
    if (isDone(tokens))
      return summary(
        client,
        tokens.filter((token) => token !== `pong:${fence}`),
      );
    if (isOver) return summary(client, outcomeOfEnd(tokens, expected));
    if (performance.now() > deadlineMs) return summary(client, [...tokens, 'open']);
    await Promise.race([client.more().catch(() => undefined), new Promise((resolve) => setTimeout(resolve, 500))]);
  }
}

function summary(client: RawClient, tokens: readonly string[]): Outcome {
  client.socket.destroy();
  return tokens.join(' ');
}

/** A connection that ends without a close frame has failed, and so has one with a protocol error code, unless the peer sent that code. */
function outcomeOfEnd(tokens: readonly string[], expected: Outcome): string[] {
  const last = tokens.at(-1) ?? '';
  if (failCodes.includes(last) && expected.endsWith('fail')) return [...tokens.slice(0, -1), 'fail'];
  return [...tokens, last.startsWith('close') ? 'end' : 'fail'];
}

function tokenOf({ name }: Server, { opcode, payload }: ServerFrame, data: Data): string {
  if (opcode === opcodes.pong) return `pong:${payload.toString('latin1')}`;
  if (opcode === opcodes.close) return `close:${payload.length >= 2 ? payload.readUInt16BE() : 'none'}`;
  if (name === 'echo') return opcode === data.opcode && payload.equals(data.payload) ? 'message' : 'other';
  const reply = payload.toString();
  if (/"error":"invalid_(?:frame|message)"/.test(reply)) return 'refused';
  return reply.includes('"result":') ? 'message' : 'other';
}

async function write(client: RawClient, bytes: Uint8Array, isDripped: boolean): Promise<void> {
  client.socket.setNoDelay(true);
  if (!isDripped) client.socket.write(bytes);
  else {
    for (const byte of bytes) {
      client.socket.write(Uint8Array.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
