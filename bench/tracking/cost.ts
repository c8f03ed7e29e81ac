/** What a frame of `track.objects` costs: the tool with its state read, checked and written, as a worker does. */
import type { Detection } from '../../src/protocol.ts';
import { percentile } from '../../src/statistics.ts';
import { seededRandom } from '../../test/support/seeded-random.ts';
import { TrackedSession } from './run.ts';

export interface Cost {
  readonly boxes: number;
  readonly tracks: number;
  readonly frames: number;
  readonly median_ms: number;
  readonly p95_ms: number;
  /** User and system time of the process, which includes garbage collection. */
  readonly cpu_ms: number;
  readonly state_bytes: number;
}

const frameMs = 66;
const size = { width: 1920, height: 1080 };
/** Frames before the measurement, so that V8 has compiled everything. */
const warmUpFrames = 300;
/** Objects are placed on a grid with this many columns, and move around their cell. */
const columns = 10;

/** @param boxes detected per frame, of `tracks` objects in turn. The others are lost meanwhile. */
export async function measureCost(boxes: number, tracks: number, frames: number): Promise<Cost> {
  const session = await TrackedSession.open({ max_tracks: tracks });
  const random = seededRandom(1);
  const durations: number[] = [];
  let cpuAtStart = process.cpuUsage();
  for (let index = -warmUpFrames; index < frames; index++) {
    const detections = scene(index + warmUpFrames, boxes, tracks, random);
    if (index === 0) cpuAtStart = process.cpuUsage();
    const startedAtMs = performance.now();
    await session.step(detections, size, (index + warmUpFrames) * frameMs);
    if (index >= 0) durations.push(performance.now() - startedAtMs);
  }
  const cpu = process.cpuUsage(cpuAtStart);
  const sorted = durations.sort((a, b) => a - b);
  return {
    boxes,
    tracks,
    frames,
    median_ms: percentile(sorted, 0.5),
    p95_ms: percentile(sorted, 0.95),
    cpu_ms: (cpu.user + cpu.system) / 1000 / frames,
    state_bytes: session.stateBytes,
  };
}

function scene(frame: number, boxes: number, tracks: number, random: () => number): Detection[] {
  return Array.from({ length: boxes }, (_, index) => {
    const object = (frame * boxes + index) % tracks;
    const [column, row] = [object % columns, Math.floor(object / columns)];
    const turn = frame / 20 + object;
    return {
      x: 40 + column * 185 + 30 * Math.sin(turn) + random(),
      y: 20 + ((row * 105) % 1000) + 15 * Math.cos(turn) + random(),
      w: 80 + random(),
      h: 60 + random(),
      label: 'car',
      score: 0.7 + 0.2 * random(),
    };
  });
}
