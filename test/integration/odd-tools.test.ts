/** A custom tool that returns nonsense ends its own session only, with an error that names it, in this process and on other hosts. */
import { type Test, test } from 'tap';
import { needsBroker, startBroker } from '../support/broker.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { StreamClient } from '../support/stream-client.ts';
import { makeModelsDir, testNode } from '../support/temp-models.ts';
import { eventually, readiness } from '../support/vital-signs.ts';
import { startWorkerHost } from '../support/worker-host.ts';

/** What `run` does for a frame of each width, and the detail or the reason in the log. */
const odd: Readonly<Record<number, readonly [code: string, error: RegExp]>> = {
  21: ['return undefined', /run\(\) must return \{ outputs, state \}/],
  22: ['return Promise.resolve()', /run\(\) must return \{ outputs, state \}/],
  23: ['return { outputs: Promise.resolve({}), state }', /test\.odd: run\(\) must return an object of outputs/],
  24: ['return { outputs: "text", state }', /test\.odd: run\(\) must return an object of outputs/],
  25: ['return { outputs: { events: "enter" }, state }', /test\.odd: output \\?"events\\?" is invalid: not a list/],
  26: ['return { outputs: { events: [null] }, state }', /output \\?"events\\?" is invalid: element 0 is not an object/],
  27: ['return { outputs: { events: [{ n: 1n }] }, state }', /Event 0 of test\.odd is not JSON/],
  28: ['return { outputs: { events: Array(1e6).fill({}) }, state }', /is invalid: more than 1000 in one frame/],
  29: ['return { outputs: { get mine() { throw new Error("mine") } }, state }', /mine/],
  30: ['const mine = []; mine.push(mine); return { outputs: { mine }, state }', /Output mine of test\.odd is not JSON/],
  31: ['return { outputs: { tracks: [{ track_id: NaN }] }, state }', /without a whole number as track_id/],
  32: ['return { outputs: {}, state: { get n() { throw new Error("n") } } }', /State of test\.odd is invalid/],
  33: ['return { outputs: {}, state: { n: 1n } }', /State of test\.odd is invalid/],
  34: ['return { outputs: { detections: 5 }, state }', /output \\?"detections\\?" is invalid: not a list/],
};

const cases = Object.entries(odd).map(([width, [code]]) => `if (width === ${width}) { ${code}; }`);
const tool = `
  state: { schema: z.object({ n: z.number() }), initial: { n: 0 } },
  async create() {
    return {
      run({ image: { width } }, { state }) {
        ${cases.join('\n')}
        const n = state.n + 1;
        return { outputs: { n, events: [{ n }] , events_lost: 9 }, state: { n } };
      },
    };
  },`;

async function playOddFrames(t: Test, gateway: Gateway, log: () => string): Promise<void> {
  const steady = await StreamClient.open(gateway.streamUrl('p'));
  const frame = encodeGradient(40, 16);
  let n = 0;
  for (const [width, [code, error]] of Object.entries(odd)) {
    const client = await StreamClient.open(gateway.streamUrl('p'));
    t.match(await client.sendUntilStarted(frame), { result: { n: 1 } });
    client.send(encodeGradient(Number(width), 16));
    t.equal(await client.closed(), 1011, code);
    t.match(client.replies.at(-1), { error: 'pipeline_failure' });
    const seen = () => JSON.stringify(client.replies.at(-1)) + log();
    await eventually(
      async () => seen(),
      (text) => error.test(text),
      `${error} after ${code}`,
    );
    n += 1;
    const { result } = await steady.sendUntilStarted(frame);
    t.match(result, { n, events: [{ n }] }, 'another session goes on');
    t.notOk('events_lost' in (result as object));
  }
}

const parts = { pipelines: [{ id: 'p', nodes: [testNode('n', 'odd')] }], tools: { odd: tool } };

test('in the threads of the gateway', async (t) => {
  const gateway = await startGateway({ MODELS_DIR: makeModelsDir(t, parts), POOL_WORKERS: '1' });
  t.teardown(() => gateway.kill());
  await playOddFrames(t, gateway, () => gateway.log());
});

test('on another host', needsBroker, async (t) => {
  const broker = await startBroker(t);
  const env = { NATS_URL: broker.url, MODELS_DIR: makeModelsDir(t, parts) };
  await startWorkerHost(t, { ...env, POOL_WORKERS: '1' });
  const gateway = await startGateway({ ...env, POOL_WORKERS: '0' });
  t.teardown(() => gateway.kill());
  await eventually(
    async () => (await readiness(gateway)).pool.ready,
    (ready) => ready === 1,
    'the host',
  );
  await playOddFrames(t, gateway, () => gateway.log());
  t.notMatch(gateway.log(), /host_refused|host_lost/, 'the host is not to blame');
});
