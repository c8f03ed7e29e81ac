/**
 * A generator thread: runs its share of the cameras with a single timer.
 *
 *   run ──setup──► connect ──ready──► run ──go──► tick, tick, tick … until the clock ends ──► drain ──done──► run
 */
import { parentPort, workerData } from 'node:worker_threads';
import { Camera } from './camera.ts';
import { nowMs } from './clock.ts';
import { emptyLatencies } from './latency.ts';
import {
  type Clock,
  emptyGroupLatencies,
  type FromGenerator,
  type GeneratorSetup,
  type GroupLatencies,
  type ToGenerator,
} from './messages.ts';
import { sumCounts } from './tally.ts';

const port = parentPort;
if (port === null) throw new Error('load/generator runs as a worker thread only');

/** Connections opened concurrently: a server's backlog is finite. */
const connectBatchSize = 64;
const progressIntervalMs = 250;
/** Maximum timer delay, so that an early stop is noticed. */
const maxSleepMs = 100;
/** Poll interval while waiting for the last replies. */
const drainPollMs = 10;

const { url, token, cameras: specs, groups, frames, adaptive, drainTimeoutMs } = workerData as GeneratorSetup;
const files = frames.map((frame) => Buffer.from(frame));
const latencies: GroupLatencies[] = Array.from({ length: groups }, emptyGroupLatencies);
const late = emptyLatencies();

function send(message: FromGenerator): void {
  port?.postMessage(message);
}

/** Opens every camera's connection, one batch at a time. */
async function openCameras(): Promise<Camera[]> {
  const cameras: Camera[] = [];
  const issues: string[] = [];
  for (let at = 0; at < specs.length; at += connectBatchSize) {
    const batch = specs.slice(at, at + connectBatchSize).map((spec) => {
      const group = latencies[spec.group] as GroupLatencies;
      return new Camera(spec, { url, token, frames: files, adaptive, latencies: group, late });
    });
    for (const camera of batch) {
      const failure = await camera.opened;
      if (failure !== undefined) issues.push(failure);
    }
    cameras.push(...batch);
  }
  send({ type: 'ready', opened: specs.length - issues.length, failure: issues[0] });
  return cameras;
}

/** Sends every due frame, then sleeps until the next one is due. One timer for all cameras. */
function sendUntilEnd(cameras: readonly Camera[], clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const tick = () => {
      const atMs = nowMs();
      let nextMs = clock.endMs;
      for (const camera of cameras) {
        camera.sendDue(atMs);
        nextMs = Math.min(nextMs, camera.dueMs);
      }
      if (atMs >= clock.endMs) resolve();
      else setTimeout(tick, Math.min(maxSleepMs, nextMs - nowMs()));
    };
    tick();
  });
}

/** Waits for the last replies, up to the drain timeout. */
async function drain(cameras: readonly Camera[], clock: Clock): Promise<void> {
  while (nowMs() < clock.endMs + drainTimeoutMs && cameras.some(({ pending }) => pending > 0)) await sleep(drainPollMs);
}

async function run(cameras: readonly Camera[], clock: Clock): Promise<void> {
  const readers = cameras.filter((_, index) => specs[index]?.reads);
  const progressTimer = setInterval(() => {
    const { offered, results, dropped } = sumCounts(readers.map(({ counts }) => counts));
    send({ type: 'progress', progress: { offered, results, dropped } });
  }, progressIntervalMs);
  for (const camera of cameras) camera.begin(clock);
  await sendUntilEnd(cameras, clock);
  await drain(readers, clock);
  clearInterval(progressTimer);
  const tallies = await Promise.all(cameras.map((camera) => camera.finish()));
  send({ type: 'done', report: { cameras: tallies, groups: latencies, late } });
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

const opening = openCameras();
let clock: Clock | undefined;

port.on('message', async (message: ToGenerator) => {
  switch (message.type) {
    case 'go':
      clock = message.clock;
      await run(await opening, clock);
      port.close();
      return;
    case 'stop':
      if (clock !== undefined) clock.endMs = Math.min(clock.endMs, message.endMs);
      return;
  }
});
