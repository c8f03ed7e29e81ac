/** Random and corrupted frames: each session gets a result or exactly one error, and the gateway survives. */
import tap, { type Test, test } from 'tap';
import { startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { randomBytes, seededRandom } from '../support/seeded-random.ts';
import { StreamClient } from '../support/stream-client.ts';
import { idle } from '../support/vital-signs.ts';

const validFrame = encodeGradient(96, 64);

const gateway = await startGateway({ POOL_WORKERS: '2', STREAM_MAX_PIXELS: '1000000' });
tap.teardown(() => gateway.kill());

type Ending = 'result' | 'invalid_frame';

/** Sends one frame in a new session until it gets a result or an error. */
async function outcomeOf(t: Test, bytes: Uint8Array, what: string): Promise<Ending> {
  const client = await StreamClient.open(gateway.streamUrl('echo'));
  const reply = await client.sendUntilStarted(bytes).catch(() => undefined);
  if (reply !== undefined) {
    t.match(reply, { result: { slept: 0 } }, what);
    t.equal(await client.close(), 1005, what);
    return 'result';
  }
  t.equal(await client.closed(), 1007, what);
  t.match(client.replies.at(-1), { error: 'invalid_frame', detail: /^Not a valid JPEG image: ./ }, what);
  t.equal(client.with('error').length, 1, what);
  return 'invalid_frame';
}

/** Sends many frames, several at a time. @returns the number of each outcome. */
async function outcomesOf(t: Test, frames: readonly Uint8Array[]): Promise<Record<Ending, number>> {
  const counts = { result: 0, invalid_frame: 0 };
  const numbered = frames.entries();
  const lane = async () => {
    for (const [number, bytes] of numbered) counts[await outcomeOf(t, bytes, `frame ${number}`)] += 1;
  };
  await Promise.all([lane(), lane(), lane(), lane()]);
  return counts;
}

test('random bytes are rejected', async (t) => {
  const random = seededRandom(1);
  const frames = Array.from({ length: 100 }, () => randomBytes(random, Math.floor(random() * 2000)));
  t.strictSame(await outcomesOf(t, frames), { result: 0, invalid_frame: 100 });
});

test('random bytes between a valid frame header and EOI lead to a result or invalid_frame', async (t) => {
  const random = seededRandom(2);
  const scan = validFrame.findIndex((byte, at) => byte === 0xff && validFrame[at + 1] === 0xda);
  const frames = Array.from({ length: 100 }, () => {
    const keep = Math.floor(scan + random() * 30);
    return Uint8Array.from([...validFrame.subarray(0, keep), ...randomBytes(random, 500), 0xff, 0xd9]);
  });
  const { result, invalid_frame } = await outcomesOf(t, frames);
  t.ok(result > 20, `${result} results`);
  t.ok(invalid_frame > 20, `${invalid_frame} rejected`);
});

/** Overwrites, removes or duplicates a few bytes anywhere. */
function mutate(random: () => number): Uint8Array {
  const bytes = [...validFrame];
  const changes = 1 + Math.floor(random() * 4);
  for (let i = 0; i < changes; i++) {
    const at = Math.floor(random() * bytes.length);
    const kind = random();
    if (kind < 0.6) bytes[at] = Math.floor(random() * 256);
    else if (kind < 0.8) bytes.splice(at, 1 + Math.floor(random() * 40));
    else bytes.splice(at, 0, ...bytes.slice(at, at + Math.floor(random() * 40)));
  }
  return Uint8Array.from(bytes);
}

test('a valid frame with a few changed bytes leads to a result or invalid_frame', async (t) => {
  const random = seededRandom(3);
  const { result, invalid_frame } = await outcomesOf(
    t,
    Array.from({ length: 400 }, () => mutate(random)),
  );
  t.ok(result > 20, `${result} results`);
  t.ok(invalid_frame > 20, `${invalid_frame} rejected`);
});

test('a frame with changed header bytes leads to a result or invalid_frame', async (t) => {
  const random = seededRandom(4);
  const scan = validFrame.findIndex((byte, at) => byte === 0xff && validFrame[at + 1] === 0xda);
  const frames = Array.from({ length: 300 }, () => {
    const bytes = validFrame.slice();
    for (let i = 0; i < 2; i++) bytes[Math.floor(random() * (scan + 14))] = Math.floor(random() * 256);
    return bytes;
  });
  const { result, invalid_frame } = await outcomesOf(t, frames);
  t.ok(result > 20, `${result} results`);
  t.ok(invalid_frame > 20, `${invalid_frame} rejected`);
});

test('no worker, handler or session was lost', async (t) => {
  t.match(await idle(gateway), { pool: { size: 2, ready: 2, sessions: 0 } });
  t.notMatch(gateway.log(), /unexpected_error|worker_exit|frame_timeout/);
  const client = await StreamClient.open(gateway.streamUrl('echo'));
  t.match(await client.sendUntilStarted(validFrame), { result: { width: 96, height: 64 } });
  await client.close();
});
