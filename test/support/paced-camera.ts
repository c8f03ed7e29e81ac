/** A camera that passes frames to a client at a fixed rate, regardless of replies, and keeps every reply. Tests and benches. */
import type { Client } from '../../src/client/client.ts';
import type { Frame, Reply } from '../../src/client/session.ts';

interface TimedReply {
  readonly atMs: number;
  readonly reply: Reply;
}

/** Statistics of the replies within a time range. */
export interface CameraFigures {
  readonly answeredFps: number;
  readonly droppedFps: number;
  /** Dropped ÷ sent. */
  readonly dropRate: number;
  /** Processing time per frame, as reported by the gateway. */
  readonly serviceMs: number;
}

export class PacedCamera {
  readonly #replies: TimedReply[] = [];
  readonly #timer: NodeJS.Timeout;
  #peakInFlight = 0;

  /** Sends what `frame` returns, `fps` times a second. */
  constructor(client: Client, fps: number, frame: () => Frame) {
    const startMs = performance.now();
    let sent = 0;
    // Timers have millisecond resolution, so due frames are counted from the start.
    this.#timer = setInterval(() => {
      if (performance.now() - startMs < (1000 * sent) / fps) return;
      sent += 1;
      client.send(frame()).reply.then((reply) => this.#replies.push({ atMs: performance.now(), reply }));
      this.#peakInFlight = Math.max(this.#peakInFlight, client.inFlight);
    }, 1);
  }

  get replies(): readonly Reply[] {
    return this.#replies.map(({ reply }) => reply);
  }

  get peakInFlight(): number {
    return this.#peakInFlight;
  }

  /** Statistics of the last `spanMs`. */
  figures(spanMs: number): CameraFigures {
    const fromMs = performance.now() - spanMs;
    const recent = this.#replies.filter(({ atMs }) => atMs >= fromMs).map(({ reply }) => reply);
    const results = recent.filter((reply) => reply.type === 'result');
    const dropped = recent.filter((reply) => reply.type === 'dropped').length;
    const totalMs = results.reduce((sum, { result }) => sum + (result.timings_ms['total'] ?? 0), 0);
    return {
      answeredFps: (1000 * results.length) / spanMs,
      droppedFps: (1000 * dropped) / spanMs,
      dropRate: dropped / Math.max(1, dropped + results.length),
      serviceMs: totalMs / Math.max(1, results.length),
    };
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
