/** Measures the camera bridge on loopback: a frame's age when the gateway receives it, and its CPU cost. Linux only. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { percentile } from '../src/statistics.ts';
import { eventually, type ReceivedFrame, recordFrames, runCamera, showFrames } from '../test/support/camera-run.ts';
import { startMjpegCamera } from '../test/support/mjpeg-camera.ts';
import { numberedFrame, readNumber } from '../test/support/numbered-frames.ts';
import { noRtspReason, startRtspCamera } from '../test/support/rtsp-camera.ts';
import { renderPlateScene } from '../test/support/samples/render-plate.ts';
import { encodeJpeg } from '../test/support/samples/render-text.ts';

const agesMs = 12_000;
const costMs = 10_000;
/** The first frames wait for the connection. */
const settleFrames = 30;
const ticksPerSecond = 100;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs one measurement and stops what it started, like a test. */
async function scene<Value>(measure: (t: Test) => Promise<Value>): Promise<Value> {
  const teardowns: (() => unknown)[] = [];
  try {
    return await measure({ teardown: (end: () => unknown) => teardowns.unshift(end) } as unknown as Test);
  } finally {
    for (const end of teardowns) await end();
  }
}

interface Source {
  readonly url: string;
  show(jpeg: Buffer): void;
}

/** Milliseconds from when the camera shows a frame until the gateway has received it completely. */
function measureAge(name: string, start: (t: Test) => Promise<Source>, args: readonly string[] = []): Promise<void> {
  return scene(async (t) => {
    const frames = Array.from({ length: 600 }, (_, number) => numberedFrame(number));
    const source = await start(t);
    const { shownAtMs } = showFrames(t, frames, 25, source.show);
    const gateway = await recordFrames(t);
    runCamera(t, [source.url, '--url', gateway.url, ...args]);
    await eventually('frames', () => gateway.frames.length > settleFrames);
    await sleep(agesMs);
    const age = ({ bytes, atMs }: ReceivedFrame) => atMs - (shownAtMs[readNumber(bytes) ?? 0] ?? 0);
    const sorted = gateway.frames
      .slice(settleFrames)
      .map(age)
      .sort((a, b) => a - b);
    const at = (part: number) => percentile(sorted, part).toFixed(1);
    console.log(`| ${name} | ${at(0.5)} ms | ${at(0.95)} ms | ${sorted.length} |`);
  });
}

/** CPU time of a process so far, in milliseconds. */
function cpuMs(pid: number): number {
  // The name, in parentheses, may contain spaces; user and system time are fields 14 and 15.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
}

/** CPU milliseconds per source frame, in the bridge and in its ffmpeg. */
function measureCost(name: string, start: (t: Test) => Promise<string>, args: readonly string[] = []): Promise<void> {
  return scene(async (t) => {
    const source = await start(t);
    const gateway = await recordFrames(t);
    const run = runCamera(t, [source, '--url', gateway.url, ...args]);
    await eventually('frames', () => gateway.frames.length > settleFrames);
    const bridge = run.child.pid as number;
    const ffmpeg = Number(readFileSync(`/proc/${bridge}/task/${bridge}/children`, 'utf8').trim().split(' ')[0]);
    const before = { frames: gateway.frames.length, bridge: cpuMs(bridge), ffmpeg: cpuMs(ffmpeg) };
    await sleep(costMs);
    const count = gateway.frames.length - before.frames;
    const own = (cpuMs(bridge) - before.bridge) / count;
    const child = (cpuMs(ffmpeg) - before.ffmpeg) / count;
    const fps = ((count * 1000) / costMs).toFixed(1);
    console.log(
      `| ${name} | ${fps} | ${own.toFixed(2)} ms | ${child.toFixed(2)} ms | ${(own + child).toFixed(2)} ms |`,
    );
  });
}

const plate = { x: 800, y: 700, w: 300 };
const hdFrames = Array.from({ length: 8 }, (_, seed) =>
  Buffer.from(encodeJpeg(renderPlateScene({ width: 1920, height: 1080, text: 'AB123CD', plate, seed }), 90)),
);

async function startHdCamera(t: Test): Promise<string> {
  const camera = await startMjpegCamera(t);
  showFrames(
    t,
    Array.from({ length: 1800 }, (_, index) => hdFrames[index % hdFrames.length] as Buffer),
    30,
    camera.show,
  );
  return camera.url;
}

const folder = mkdtempSync(join(tmpdir(), 'framegate-camera-'));
const clip = join(folder, 'clip.mp4');
const input = ['-y', '-v', 'error', '-f', 'image2pipe', '-c:v', 'mjpeg', '-framerate', '30', '-i', 'pipe:0'];
const h264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', clip];
execFileSync('ffmpeg', [...input, ...h264], { input: Buffer.concat(Array(20).fill(hdFrames).flat()) });

console.log('| 640×480 at 25 fps | median age | 95 % | frames |\n|---|---|---|---|');
await measureAge('MJPEG over HTTP, passed through', startMjpegCamera);
await measureAge('MJPEG over HTTP, re-encoded', startMjpegCamera, ['--quality', '85']);
if (noRtspReason === false) {
  await measureAge('JPEG over RTSP, passed through', (t) => startRtspCamera(t, { codec: 'jpeg' }));
  await measureAge('H.264 over RTSP', startRtspCamera);
} else console.log(noRtspReason);
console.log('\n| 1920×1080 at 30 fps | fps | bridge | ffmpeg | CPU time per frame |\n|---|---|---|---|---|');
await measureCost('MJPEG over HTTP, passed through', startHdCamera);
await measureCost('MJPEG over HTTP, re-encoded', startHdCamera, ['--quality', '85']);
await measureCost('H.264, encoded', async () => clip, ['--loop']);
await measureCost('H.264, scaled to width 960', async () => clip, ['--loop', '--width', '960']);
await measureCost('H.264, --fps 5', async () => clip, ['--loop', '--fps', '5']);
rmSync(folder, { recursive: true });
