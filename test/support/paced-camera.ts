/** A camera that gives a client a picture at a fixed rate, whatever becomes of it, and keeps every reply. Tests and benches. */
import type { Client } from '../../src/client/client.ts';
import type { Frame, Reply } from '../../src/client/session.ts';

interface Note {
  readonly atMs: number;
  readonly reply: Reply;
}

/** What came of the frames whose reply came in some span. */
export interface CameraFigures {
  readonly answeredFps: number;
  readonly droppedFps: number;
  /** Dropped ÷ sent. */
  readonly dropRate: number;
  /** What the gateway needs for a frame, by its own account. */
  readonly serviceMs: number;
}

export class PacedCamera {
  readonly #notes: Note[] = [];
  readonly #timer: NodeJS.Timeout;
  #peakInFlight = 0;

  /** Gives the client what `picture` returns, `fps` times a second. */
  constructor(client: Client, fps: number, picture: () => Frame) {
    const startMs = performance.now();
    let taken = 0;
    // Timers have whole milliseconds, so the frames that are due are counted from the start.
    this.#timer = setInterval(() => {
      if (performance.now() - startMs < (1000 * taken) / fps) return;
      taken += 1;
      client.send(picture()).reply.then((reply) => this.#notes.push({ atMs: performance.now(), reply }));
      this.#peakInFlight = Math.max(this.#peakInFlight, client.inFlight);
    }, 1);
  }

  get replies(): readonly Reply[] {
    return this.#notes.map(({ reply }) => reply);
  }

  get peakInFlight(): number {
    return this.#peakInFlight;
  }

  /** Figures of the last `spanMs`. */
  figures(spanMs: number): CameraFigures {
    const fromMs = performance.now() - spanMs;
    const recent = this.#notes.filter(({ atMs }) => atMs >= fromMs).map(({ reply }) => reply);
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
