/** Two gateways behind a balancer are replaced one after the other, while cameras of both client libraries send: no frame is lost. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Test, test } from 'tap';
import { connect } from '../../src/client/node.ts';
import { freePort } from '../support/free-port.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { startTcpBalancer } from '../support/tcp-balancer.ts';

const run = promisify(execFile);
const pythonFolder = fileURLToPath(new URL('../../clients/python', import.meta.url));
const script = fileURLToPath(new URL('../support/rolling-camera.py', import.meta.url));
const python = process.env['PYTHON'] ?? 'python3';

const cameras = 4;
const fps = 15;
const pipeline = 'by_width';
/** Takes the pipeline 16 ms. */
const frame = encodeGradient(16, 16);
/** Results of each camera before, between and after the restarts. */
const resultsBetween = 5;

const outcomes = ['sent', 'result', 'dropped', 'skipped', 'lost'] as const;

interface Report extends Record<(typeof outcomes)[number], number> {
  /** Frames passed to the client. */
  readonly passed: number;
  readonly state: string;
  readonly maxGapMs: number;
}

interface Camera {
  /** Waits for so many further results, and for an open connection. */
  settled(results: number): Promise<void>;
  stop(): Promise<Report>;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A camera of the client library for Node. */
async function startCamera(t: Test, url: string, name: string): Promise<Camera> {
  const client = connect({ url, pipeline, camera: name });
  t.teardown(() => client.close());
  const counts = { sent: 0, result: 0, dropped: 0, skipped: 0, lost: 0 };
  for (const outcome of outcomes) client.on(outcome, () => (counts[outcome] += 1));
  let [lastMs, maxGapMs] = [performance.now(), 0];
  client.on('result', () => {
    maxGapMs = Math.max(maxGapMs, performance.now() - lastMs);
    lastMs = performance.now();
  });
  await client.opened();
  const replies: Promise<unknown>[] = [];
  const timer = setInterval(() => replies.push(client.send(frame).reply), 1000 / fps);
  t.teardown(() => clearInterval(timer));
  return {
    settled: async (results) => {
      const target = counts.result + results;
      while (counts.result < target || client.state !== 'open') await pause(10);
    },
    stop: async () => {
      clearInterval(timer);
      await client.ready();
      const { state } = client;
      await Promise.all(replies);
      client.close();
      return { ...counts, passed: replies.length, state, maxGapMs };
    },
  };
}

/** The same with the client library for Python; undefined if it cannot run here. */
async function startPythonCamera(t: Test, url: string): Promise<Pick<Camera, 'stop'> | undefined> {
  const env = { ...process.env, PYTHONPATH: pythonFolder, PYTHONDONTWRITEBYTECODE: '1' };
  try {
    await run(python, ['-c', 'import framegate_client'], { env });
  } catch (error) {
    t.comment(`no camera in Python: ${(error as Error).message.trim().split('\n').at(-1)}`);
    return undefined;
  }
  const file = join(t.testdir(), 'frame.jpg');
  writeFileSync(file, frame);
  const child = spawn(python, [script, url, pipeline, file, String(fps)], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));
  await once(child.stdout, 'readable');
  const output = text(child.stdout);
  return {
    stop: async () => {
      child.stdin.end();
      const [, line = ''] = (await output).trim().split('\n');
      return JSON.parse(line) as Report;
    },
  };
}

/** Results that a gateway sent, by its log. */
function resultsOf(gateway: Gateway): number {
  const ends = gateway.log().matchAll(/"event":"stream_disconnect".*"results":(\d+)/g);
  return [...ends].reduce((sum, [, results]) => sum + Number(results), 0);
}

test('a rolling restart of two gateways: every frame is accounted for, and every camera is connected again', async (t) => {
  const start = (port: number) =>
    startGateway({ PORT: String(port), POOL_WORKERS: '2', DRAIN_SPREAD_MS: '500', STREAM_MAX_SESSION_AGE_S: '3600' });
  const ports = [await freePort(), await freePort()];
  const gateways = await Promise.all(ports.map(start));
  t.teardown(() => Promise.all(gateways.map((gateway) => gateway.kill())));
  const { port } = await startTcpBalancer(t, ports);
  const url = `http://127.0.0.1:${port}`;
  const inPython = await startPythonCamera(t, url);
  const inNode = await Promise.all(Array.from({ length: cameras }, (_, i) => startCamera(t, url, `node ${i}`)));
  const allSettled = () => Promise.all(inNode.map((camera) => camera.settled(resultsBetween)));
  await allSettled();
  for (const [place, restarted] of ports.entries()) {
    const old = gateways[place] as Gateway;
    t.strictSame(await old.stop(), { code: 0, signal: null });
    t.match(old.log(), /"close_code":1001,"close_reason":"shutdown"/);
    await allSettled();
    gateways.push(await start(restarted));
  }
  await allSettled();
  const all = inPython === undefined ? inNode : [...inNode, inPython];
  const reports = await Promise.all(all.map((camera) => camera.stop()));
  for (const { sent, result, dropped, skipped, lost, passed, state } of reports) {
    t.equal(state, 'open');
    t.equal(lost, 0);
    t.equal(result + dropped, sent);
    t.equal(sent + skipped, passed);
    t.ok(result > 0);
  }
  await Promise.all(gateways.map((gateway) => gateway.stop()));
  const received = reports.reduce((sum, { result }) => sum + result, 0);
  t.equal(
    received,
    gateways.reduce((sum, gateway) => sum + resultsOf(gateway), 0),
    'each result of a gateway has arrived once',
  );
  t.comment(`largest gaps between results: ${reports.map(({ maxGapMs }) => Math.round(maxGapMs)).join(', ')} ms`);
});
