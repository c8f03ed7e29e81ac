/** Fuzz target for a real gateway: each corrupted frame must lead to a result, or to one error with its close code. */
import { closeCodeOf } from '../../src/protocol.ts';
import { type FrameCheck, validateJpeg } from '../../src/session/frame-validator.ts';
import { type Gateway, startGateway } from '../../test/support/gateway.ts';
import { type Reply, StreamClient } from '../../test/support/stream-client.ts';
import { residentMegabytes } from '../../test/support/vital-signs.ts';
import { makeJpeg, readBases } from './jpeg-cases.ts';
import { frameLimits } from './jpeg-targets.ts';
import type { Case, CreateTarget } from './target.ts';

/** Log messages that no frame may cause. */
const troubles = /unexpected_error|worker_exit|frame_timeout/;
const replyTimeoutMs = 20_000;
const bytesPerMegabyte = 1_048_576;

/** A gateway, and the session that is still open. */
class StreamUnderTest {
  #gateway: Gateway | undefined;
  #client: StreamClient | undefined;
  #logRead = 0;

  get residentBytes(): number {
    return this.#gateway === undefined ? 0 : residentMegabytes(this.#gateway) * bytesPerMegabyte;
  }

  async runCase({ bytes }: Case): Promise<string> {
    const gateway = this.#gateway ?? (await startGateway({ POOL_WORKERS: '1', LOG_LEVEL: 'info' }));
    this.#gateway = gateway;
    try {
      const outcome = await within(this.#send(gateway, bytes), gateway);
      const trouble = troubles.exec(gateway.log().slice(this.#logRead));
      this.#logRead = gateway.log().length;
      if (trouble !== null) throw new Error(`the log has "${trouble[0]}"`);
      return outcome;
    } catch (error) {
      // Start the next case with a fresh gateway.
      this.#gateway = undefined;
      this.#client = undefined;
      this.#logRead = 0;
      await gateway.kill();
      throw error;
    }
  }

  async #send(gateway: Gateway, bytes: Uint8Array): Promise<string> {
    const client = this.#client ?? (await StreamClient.open(gateway.streamUrl('echo')));
    this.#client = client;
    const before = client.replies.length;
    const reply = await client.sendUntilStarted(bytes).catch(() => undefined);
    const check = validateJpeg(bytes, frameLimits);
    if (reply !== undefined) return outcomeOfResult(reply, check);
    this.#client = undefined;
    const closeCode = await client.closed();
    return outcomeOfEnd(client.replies.slice(before), closeCode, check);
  }
}

/** @throws Error if the reply does not arrive or the gateway exits. */
async function within<Value>(reply: Promise<Value>, gateway: Gateway): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no reply within ${replyTimeoutMs} ms`)), replyTimeoutMs);
  });
  const gone = gateway.ended().then(({ code, signal }) => {
    throw new Error(`the gateway exited with ${signal ?? code}`);
  });
  gone.catch(() => undefined);
  try {
    return await Promise.race([reply, late, gone]);
  } finally {
    clearTimeout(timer);
  }
}

function outcomeOfResult(reply: Reply, check: FrameCheck): string {
  const { width, height } = reply['result'] as { width?: number; height?: number };
  if (!check.ok) throw new Error(`result for an invalid frame: ${check.detail}`);
  if (width !== check.width || height !== check.height)
    throw new Error(`result of ${width}x${height} for a frame of ${check.width}x${check.height}`);
  return 'result';
}

function outcomeOfEnd(replies: readonly Reply[], closeCode: number, check: FrameCheck): string {
  const seen = `${JSON.stringify(replies)}, close ${closeCode}`;
  const errors = replies.filter((reply) => 'error' in reply);
  const [error] = errors;
  if (errors.length !== 1 || error?.['error'] !== 'invalid_frame')
    throw new Error(`expected one invalid_frame: ${seen}`);
  if (closeCode !== closeCodeOf('invalid_frame')) throw new Error(`wrong close code: ${seen}`);
  if (!check.ok && check.detail !== error['detail']) throw new Error(`expected "${check.detail}": ${seen}`);
  return 'invalid_frame';
}

export const createStream: CreateTarget = (corpus) => {
  const bases = readBases(corpus);
  const stream = new StreamUnderTest();
  return {
    make: (random) => makeJpeg(random, bases),
    run: (input) => stream.runCase(input),
    residentBytes: () => stream.residentBytes,
  };
};
