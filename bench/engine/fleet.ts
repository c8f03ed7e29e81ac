/** Cameras that send frames into a pool at a steady rate, and what became of them. */
import type { FrameOutcome } from '../../src/pool/messages.ts';
import type { Pool } from '../../src/pool/pool.ts';
import { percentile } from '../../src/statistics.ts';

export interface FleetOptions {
  readonly cameras: number;
  readonly fps: number;
  readonly seconds: number;
  readonly pipelineId: string;
  readonly frames: readonly Uint8Array[];
}

export interface FleetReport {
  readonly sent: number;
  readonly results: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const msPerSecond = 1000;

/** Runs staggered cameras. @returns totals, and the time from a frame's arrival to its result. */
export async function runFleet(pool: Pool, options: FleetOptions): Promise<FleetReport> {
  const { cameras, fps, seconds, pipelineId, frames } = options;
  const ids = Array.from({ length: cameras }, (_, index) => `camera ${index}`);
  for (const id of ids) pool.openSession(id);
  const latenciesMs: number[] = [];
  const pending: Promise<void>[] = [];
  const intervalMs = msPerSecond / fps / cameras;
  const startedMs = performance.now();
  const total = cameras * fps * seconds;
  for (let sent = 0; sent < total; ) {
    const dueCount = Math.min(total, Math.floor((performance.now() - startedMs) / intervalMs));
    for (; sent < dueCount; sent++) {
      const id = ids[sent % cameras] as string;
      const bytes = frames[sent % frames.length] as Uint8Array;
      const dueMs = startedMs + (sent + 1) * intervalMs;
      const source = { sessionId: id, camera: undefined, pipelineId, address: '127.0.0.1' };
      const offered = new Promise<FrameOutcome>((resolve) =>
        pool.offer(id, { source, frameIndex: Math.floor(sent / cameras), bytes }, resolve),
      );
      pending.push(
        offered.then(({ type }) => {
          if (type === 'result') latenciesMs.push(performance.now() - dueMs);
        }),
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(pending);
  for (const id of ids) pool.closeSession(id);
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  return { sent: total, results: sorted.length, p50Ms: percentile(sorted, 0.5), p99Ms: percentile(sorted, 0.99) };
}
