/** `framegate camera --publish` as a process: from a tool's events at a real gateway to a broker and a webhook, and its end. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { type CameraLine, eventually, runCamera, noFfmpegReason as skip } from '../support/camera-run.ts';
import { startFakeGateway } from '../support/fake-gateway.ts';
import { freePort } from '../support/free-port.ts';
import { runCli, startGateway } from '../support/gateway.ts';
import { needsMosquitto, type Received, startMosquitto, subscribe } from '../support/mosquitto.ts';
import { numberedFrame } from '../support/numbered-frames.ts';
import { makeModelsDir, testNode } from '../support/temp-models.ts';
import { type Answer, startWebhookReceiver } from '../support/webhook-receiver.ts';

const frames = Array.from({ length: 12 }, (_, number) => numberedFrame(number));
const needs = { skip: skip || needsMosquitto.skip || false };
const secret = 'hunter2-hunter2-hunter2';
const ok: Answer = (response) => void response.writeHead(204).end();

/** A clip as a camera of 5 frames per second, which reads it at its own speed. */
function clipOf(t: Test): string {
  const path = join(t.testdir(), 'clip.mjpeg');
  writeFileSync(path, Buffer.concat(frames));
  return path;
}

/** Answers every frame with an event that has its number, and with counts. */
async function eventGateway(t: Test): Promise<string> {
  let number = 0;
  const { port } = await startFakeGateway(t, {
    frame: ({ index, socket }) => {
      const events = [{ type: 'cross', at_ms: 1, zone: 'gate', number: number++, text: `AB${number}` }];
      const result = { width: 8, height: 8, events, counts: { gate: { in: { car: number } } }, timings_ms: {} };
      socket.send(JSON.stringify({ frame_index: index, result }));
    },
  });
  return `ws://127.0.0.1:${port}`;
}

const eventsOf = (received: readonly Received[]) =>
  received.filter(({ topic }) => topic.includes('/event/')).map(({ payload }) => JSON.parse(payload) as CameraLine);
const lastOf = (received: readonly Received[], ending: string) =>
  received.findLast(({ topic }) => topic.endsWith(ending))?.payload;

test("a tool's events get from a real gateway to a broker, a webhook, and standard output", needs, async (t) => {
  const broker = await startMosquitto(t);
  const received = await subscribe(t, broker, 'site/#');
  const receiver = await startWebhookReceiver(t, ok);
  const MODELS_DIR = makeModelsDir(t, {
    pipelines: [{ id: 'scene', nodes: [testNode('watch', 'watch')] }],
    tools: {
      watch: `outputs: ['events', 'counts'],
        async create() {
          return { run: () => ({ events: [{ type: 'cross', at_ms: Date.now(), zone: 'a/b' }], counts: { 'a/b': { in: { car: 1 } } } }) };
        },`,
    },
  });
  const gateway = await startGateway({ MODELS_DIR });
  t.teardown(() => gateway.kill());
  const args = ['--url', `ws://127.0.0.1:${gateway.port}`, '--pipeline', 'scene', '--name', 'gate', '--events-only'];
  const targets = [
    '--publish',
    `mqtt://127.0.0.1:${broker.port}/site`,
    '--publish',
    `http://127.0.0.1:${receiver.port}/hook`,
  ];
  const run = runCamera(t, [clipOf(t), ...args, ...targets], { FRAMEGATE_WEBHOOK_SECRET: secret });
  t.equal(await run.ended(), 0, run.stderr());
  const printed = run.lines.flatMap(({ event }) => (event === undefined ? [] : [event as CameraLine]));
  t.ok(printed.length > 0);
  t.notOk(
    run.lines.some(({ frame_index }) => frame_index !== undefined),
    'no frames',
  );
  await eventually('the end', () => lastOf(received, 'bridge/availability') === 'offline' || received.length > 0);
  t.strictSame(eventsOf(received), printed);
  t.strictSame(
    receiver.requests.map(({ body }) => JSON.parse(body) as unknown),
    printed,
  );
  t.ok(receiver.requests.every(({ headers }) => headers['framegate-signature'] !== undefined));
  t.equal(lastOf(received, 'counts/a%2Fb/in'), '{"total":1,"labels":{"car":1}}');
  for (const target of [`mqtt://127.0.0.1:${broker.port}`, `http://127.0.0.1:${receiver.port}`])
    t.match(
      run.lines.find((line) => line['target'] === target && line.state === 'ended'),
      { published: printed.length, undelivered: 0, lost: 0 },
    );
  t.notMatch(run.stdout() + run.stderr(), /hunter2|\/hook/);
});

test('a bridge that is killed is offline at the broker', needs, async (t) => {
  const broker = await startMosquitto(t);
  const received = await subscribe(t, broker, 'framegate/#');
  const url = await eventGateway(t);
  const args = [clipOf(t), '--loop', '--name', 'gate', '--url', url, '--publish', `mqtt://127.0.0.1:${broker.port}`];
  const run = runCamera(t, args);
  await eventually('a camera that is online', () => lastOf(received, 'camera/gate/availability') === 'online');
  run.child.kill('SIGKILL');
  await run.ended();
  const isBridge = ({ topic }: Received) => topic.startsWith('framegate/bridge/');
  await eventually('the will', () => received.findLast(isBridge)?.payload === 'offline');
  t.equal(lastOf(received, 'camera/gate/availability'), 'online', 'the topic of the bridge says enough');
});

test('a bridge that is stopped delivers, and says what it could not deliver, exit code 1', needs, async (t) => {
  const broker = await startMosquitto(t);
  const received = await subscribe(t, broker, 'framegate/#');
  const url = await eventGateway(t);
  const hook = `http://user:${secret}@127.0.0.1:${await freePort()}/${secret}?key=${secret}`;
  const folder = t.testdir();
  const [file, clip] = [join(folder, 'cameras.json'), join(folder, 'clip.mjpeg')];
  writeFileSync(clip, Buffer.concat(frames));
  const publish = [`mqtt://127.0.0.1:${broker.port}`, hook];
  writeFileSync(file, JSON.stringify([{ name: 'gate', source: clip, loop: true, publish }]));
  const run = runCamera(t, ['--sources', file, '--url', url], { FRAMEGATE_WEBHOOK_SECRET: secret });
  await run.until(({ state }) => state === 'away');
  await eventually('events', () => eventsOf(received).length > 2);
  run.child.kill('SIGTERM');
  t.equal(await run.ended(), 1);
  await eventually('offline', () => received.at(-1)?.payload === 'offline');
  t.equal(lastOf(received, 'camera/gate/availability'), 'offline');
  const published = eventsOf(received).length;
  const ended = run.lines.flatMap((line) => (line['target'] !== undefined && line.state === 'ended' ? [line] : []));
  t.match(ended, [
    { published, undelivered: 0, lost: 0 },
    { published: 0, undelivered: published, lost: 0 },
  ]);
  t.match(run.stderr(), /^framegate: http:\/\/127\.0\.0\.1:\d+: connect ECONNREFUSED .*; events wait\n/);
  t.match(run.stderr(), /framegate: http:\/\/127\.0\.0\.1:\d+: events: 0 published, \d+ not delivered, 0 lost\n$/);
  t.notMatch(run.stdout() + run.stderr(), 'hunter2');
});

test('a password in an argument is refused in one line, exit code 2', async (t) => {
  const { code, stdout, stderr } = await runCli(['camera', '/dev/video0', '--publish', `mqtt://u:${secret}@h`]);
  t.strictSame([code, stdout], [2, '']);
  t.match(stderr, /^framegate: --publish: mqtt:\/\/h: other users of the machine could see the password; use .*\n$/);
  t.notMatch(stderr, 'hunter2');
});
