/** A well-behaved camera: sends at its rate, accounts for every frame, waits for replies before it closes, and reconnects when disconnected. */
import WebSocket from 'ws';
import { pause } from './failures/failure.ts';
import { type End, Ledger } from './ledger.ts';

export interface CameraOptions {
  readonly name: string;
  /** The stream URL, evaluated for each connection. */
  readonly url: () => string;
  readonly frames: readonly Uint8Array[];
  /** Milliseconds from frame to frame. */
  readonly intervalMs: number;
  /** Offset of the first frame within the interval. */
  readonly phaseMs: number;
  /** Whether the gateway may currently disappear without an error. */
  readonly mayBeLost: () => boolean;
  /** Called with the time from a frame to its result. */
  readonly onResult: (latencyMs: number) => void;
  /** Called once for each session. */
  readonly onEnd: (session: EndedSession) => void;
}

export interface EndedSession {
  readonly camera: string;
  readonly ledger: Ledger;
  readonly end: End;
  /** Whether the connection was closed while the camera was still sending. */
  readonly wasCut: boolean;
}

/** Maximum time to wait for replies after the last frame. */
const drainTimeoutMs = 30_000;
/** Delay before reconnecting. */
const reconnectMs = 250;
const pollMs = 50;

export class Camera {
  readonly #options: CameraOptions;
  #isDraining = false;
  #running: Promise<void> | undefined;

  constructor(options: CameraOptions) {
    this.#options = options;
  }

  start(): void {
    this.#isDraining = false;
    this.#running = this.#run();
  }

  /** Stops sending, waits for the remaining replies up to the timeout, and closes the connection. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isDraining) {
      const wasOpen = await this.#session();
      if (!wasOpen || !this.#isDraining) await pause(reconnectMs);
    }
  }

  /** Runs one connection. @returns whether it was opened. */
  async #session(): Promise<boolean> {
    const { name, url, mayBeLost, onResult, onEnd } = this.#options;
    const ledger = new Ledger();
    const sentAtMs = new Map<number, number>();
    const socket = new WebSocket(url(), { perMessageDeflate: false });
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined);
    socket.on('message', (data, isBinary) => {
      const index = ledger.received(isBinary ? '(binary message)' : data.toString());
      if (index === undefined) return;
      onResult(performance.now() - (sentAtMs.get(index) ?? Number.NaN));
      for (const sent of sentAtMs.keys()) if (sent <= index) sentAtMs.delete(sent);
    });
    const isOpen = await Promise.race([new Promise((resolve) => socket.once('open', () => resolve(true))), closed]);
    if (isOpen !== true) return false;
    const sending = this.#send(socket, ledger, sentAtMs);
    const code = await closed;
    const hasDrained = await sending;
    const end: End = hasDrained ? { by: 'camera' } : { by: 'gateway', code };
    ledger.end(end, mayBeLost());
    onEnd({ camera: name, ledger, end, wasCut: !hasDrained });
    return true;
  }

  /** Sends until `drain` is called or the connection closes. @returns whether the camera closed it. */
  async #send(socket: WebSocket, ledger: Ledger, sentAtMs: Map<number, number>): Promise<boolean> {
    const { frames, intervalMs, phaseMs } = this.#options;
    let dueMs = performance.now() + phaseMs;
    while (!this.#isDraining && socket.readyState === socket.OPEN) {
      const waitMs = dueMs - performance.now();
      if (waitMs > 0) {
        await pause(Math.min(waitMs, pollMs));
        continue;
      }
      const frame = frames[ledger.totals.sent % frames.length] as Uint8Array;
      sentAtMs.set(ledger.sent(), performance.now());
      socket.send(frame);
      dueMs = Math.max(dueMs + intervalMs, performance.now());
    }
    const deadlineMs = performance.now() + drainTimeoutMs;
    while (ledger.pending > 0 && socket.readyState === socket.OPEN && performance.now() < deadlineMs)
      await pause(pollMs);
    if (socket.readyState !== socket.OPEN) return false;
    socket.close();
    return true;
  }
}
