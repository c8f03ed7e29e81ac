/** Cameras of both client libraries that go on while gateways are replaced, and account for each of their frames. Tests only. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Test } from 'tap';
import { connect } from '../../src/client/node.ts';
import type { Gateway } from './gateway.ts';

const run = promisify(execFile);
const pythonFolder = fileURLToPath(new URL('../../clients/python', import.meta.url));
const script = fileURLToPath(new URL('rolling-camera.py', import.meta.url));
const python = process.env['PYTHON'] ?? 'python3';

/** Results of each camera before, between and after the restarts. */
const resultsBetween = 5;
const pollMs = 10;

const outcomes = ['sent', 'result', 'dropped', 'skipped', 'lost'] as const;

export interface CameraReport extends Record<(typeof outcomes)[number], number> {
  /** Frames passed to the client. */
  readonly passed: number;
  readonly state: string;
  /** Between two results. A client that adapts its rate to a busy machine makes gaps of its own. */
  readonly maxGapMs: number;
  /** Between the last result of a session and the first of the next one. Not from Python. */
  readonly maxMoveGapMs?: number;
}

export interface CameraPlan {
  readonly url: string;
  readonly pipeline: string;
  readonly frame: Uint8Array;
  readonly fps: number;
  readonly nodeCameras: number;
  readonly pythonCameras: number;
  /** A file with certificates that Python trusts. Node trusts those of `tls.setDefaultCACertificates`. */
  readonly certificateFile?: string;
}

interface Camera {
  stop(): Promise<CameraReport>;
}

interface NodeCamera extends Camera {
  /** Waits for further results, and for an open connection. */
  settled(): Promise<void>;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function startNodeCamera(t: Test, { url, pipeline, frame, fps }: CameraPlan, name: string): Promise<NodeCamera> {
  const client = connect({ url, pipeline, camera: name });
  t.teardown(() => client.close());
  const counts = { sent: 0, result: 0, dropped: 0, skipped: 0, lost: 0 };
  for (const outcome of outcomes) client.on(outcome, () => (counts[outcome] += 1));
  let [lastMs, maxGapMs, maxMoveGapMs, isMoving] = [0, 0, 0, false];
  client.on('state', ({ state }) => {
    isMoving ||= state === 'waiting';
  });
  client.on('result', () => {
    const nowMs = performance.now();
    const gapMs = counts.result > 1 ? nowMs - lastMs : 0;
    lastMs = nowMs;
    maxGapMs = Math.max(maxGapMs, gapMs);
    if (isMoving) maxMoveGapMs = Math.max(maxMoveGapMs, gapMs);
    isMoving = false;
  });
  await client.opened();
  const replies: Promise<unknown>[] = [];
  const timer = setInterval(() => replies.push(client.send(frame).reply), 1000 / fps);
  t.teardown(() => clearInterval(timer));
  return {
    settled: async () => {
      const target = counts.result + resultsBetween;
      while (counts.result < target || client.state !== 'open') await pause(pollMs);
    },
    stop: async () => {
      clearInterval(timer);
      await client.ready();
      const { state } = client;
      await Promise.all(replies);
      client.close();
      return { ...counts, passed: replies.length, state, maxGapMs, maxMoveGapMs };
    },
  };
}

/** The same with the client library for Python; undefined if it cannot run here. */
async function startPythonCamera(t: Test, plan: CameraPlan, file: string): Promise<Camera | undefined> {
  const { url, pipeline, fps, certificateFile } = plan;
  const trusted = certificateFile === undefined ? {} : { SSL_CERT_FILE: certificateFile };
  const env = { ...process.env, ...trusted, PYTHONPATH: pythonFolder, PYTHONDONTWRITEBYTECODE: '1' };
  try {
    await run(python, ['-c', 'import framegate_client'], { env });
  } catch (error) {
    t.comment(`no camera in Python: ${(error as Error).message.trim().split('\n').at(-1)}`);
    return undefined;
  }
  const child = spawn(python, [script, url, pipeline, file, String(fps)], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));
  await once(child.stdout, 'readable');
  const output = text(child.stdout);
  return {
    stop: async () => {
      child.stdin.end();
      const [, line = ''] = (await output).trim().split('\n');
      return JSON.parse(line) as CameraReport;
    },
  };
}

export interface RollingCameras {
  /** Waits until each camera of Node is connected and has further results. */
  settled(): Promise<void>;
  stop(): Promise<CameraReport[]>;
}

/** Starts all cameras, and waits until each is connected. */
export async function startRollingCameras(t: Test, plan: CameraPlan): Promise<RollingCameras> {
  const numbers = (count: number) => Array.from({ length: count }, (_, place) => place);
  const folder = mkdtempSync(join(tmpdir(), 'framegate-cameras-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'frame.jpg');
  writeFileSync(file, plan.frame);
  const inPython = await Promise.all(numbers(plan.pythonCameras).map(() => startPythonCamera(t, plan, file)));
  const inNode = await Promise.all(numbers(plan.nodeCameras).map((place) => startNodeCamera(t, plan, `node ${place}`)));
  const all = [...inNode, ...inPython].filter((camera) => camera !== undefined);
  return {
    settled: async () => void (await Promise.all(inNode.map((camera) => camera.settled()))),
    stop: () => Promise.all(all.map((camera) => camera.stop())),
  };
}

/**
 * Checks that every frame of every camera is accounted for.
 * @param gateways all that ran, and have stopped
 */
export function checkFrames(t: Test, reports: readonly CameraReport[], gateways: readonly Gateway[]): void {
  for (const { sent, result, dropped, skipped, lost, passed, state } of reports) {
    t.equal(state, 'open');
    t.equal(lost, 0);
    t.equal(result + dropped, sent);
    t.equal(sent + skipped, passed);
    t.ok(result > 0);
  }
  const received = reports.reduce((sum, { result }) => sum + result, 0);
  const sent = gateways.reduce((sum, gateway) => sum + resultsOf(gateway), 0);
  t.equal(received, sent, 'each result of a gateway has arrived once');
  const listOf = (gaps: readonly number[]) => `${gaps.map(Math.round).join(', ')} ms`;
  t.comment(`largest gaps between results: ${listOf(reports.map(({ maxGapMs }) => maxGapMs))}`);
  t.comment(`largest gaps by a move: ${listOf(reports.flatMap(({ maxMoveGapMs }) => maxMoveGapMs ?? []))}`);
}

/** Results that a gateway sent, by its log. */
function resultsOf(gateway: Gateway): number {
  const ends = gateway.log().matchAll(/"event":"stream_disconnect".*"results":(\d+)/g);
  return [...ends].reduce((sum, [, results]) => sum + Number(results), 0);
}
