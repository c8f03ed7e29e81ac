/** The events that wait for one target, oldest first. When it is full, the oldest are lost and counted. Pure. */
import { type CameraEvent, withLost } from './event-reader.ts';

export interface BufferLimits {
  readonly maxEvents: number;
  readonly maxBytes: number;
}

/** An event in the buffer. */
export interface WaitingEvent {
  readonly event: CameraEvent;
  /** What is sent. The same text each time, so that a receiver sees the same message. */
  readonly message: string;
}

export interface TargetCounts {
  /** Events that the target has acknowledged. */
  readonly published: number;
  /** Events in the buffer, including those being sent. */
  readonly waiting: number;
  /** Events that the target never gets: the buffer was full, the target refused them, or it was away for too long. */
  readonly lost: number;
}

/** Some hours of a busy site, in memory that does not matter. */
const maxEvents = 10_000;
const maxBytes = 8_388_608;

interface Entry {
  readonly event: CameraEvent;
  message?: string;
  /** Events lost before this one, as its message says. */
  saidLost: number;
}

export class EventBuffer {
  readonly #limits: BufferLimits;
  /** The first `#sending` of these are being sent. */
  readonly #entries: Entry[] = [];
  #sending = 0;
  #bytes = 0;
  #published = 0;
  #lost = 0;
  /** Events lost per camera that no message has said yet. */
  readonly #unsaid = new Map<string, number>();

  constructor(limits: BufferLimits = { maxEvents, maxBytes }) {
    this.#limits = limits;
  }

  get counts(): TargetCounts {
    return { published: this.#published, waiting: this.#entries.length, lost: this.#lost };
  }

  /** Events that were taken, and not acknowledged, given up or released. */
  get sending(): number {
    return this.#sending;
  }

  /** @returns how many events were lost to make room. */
  push(event: CameraEvent): number {
    this.#entries.push({ event, saidLost: 0 });
    this.#bytes += event.bytes;
    let dropped = 0;
    while (this.#isFull && this.#sending < this.#entries.length) {
      this.#lose(this.#removeAt(this.#sending));
      dropped += 1;
    }
    return dropped;
  }

  /** The oldest event that is not being sent yet; it is from now on. */
  take(): WaitingEvent | undefined {
    const entry = this.#entries[this.#sending];
    if (entry === undefined) return undefined;
    this.#sending += 1;
    if (entry.message === undefined) {
      const { event } = entry;
      entry.saidLost = (this.#unsaid.get(event.camera) ?? 0) + event.lostBefore;
      this.#unsaid.delete(event.camera);
      entry.message = withLost(event, entry.saidLost);
    }
    return entry as WaitingEvent;
  }

  /** The target has the event. */
  acknowledge(taken: WaitingEvent): void {
    const index = this.#indexOf(taken);
    if (index === -1) return;
    this.#removeAt(index);
    this.#published += 1;
  }

  /** The target never gets the event. */
  giveUp(taken: WaitingEvent): void {
    const index = this.#indexOf(taken);
    if (index !== -1) this.#lose(this.#removeAt(index));
  }

  /** Nothing is being sent any more: what was not acknowledged waits again, in its old order. */
  release(): void {
    this.#sending = 0;
  }

  get #isFull(): boolean {
    return this.#entries.length > this.#limits.maxEvents || this.#bytes > this.#limits.maxBytes;
  }

  #indexOf({ event }: WaitingEvent): number {
    return this.#entries.findIndex((entry) => entry.event === event);
  }

  #removeAt(index: number): Entry {
    const [entry] = this.#entries.splice(index, 1) as [Entry];
    if (index < this.#sending) this.#sending -= 1;
    this.#bytes -= entry.event.bytes;
    return entry;
  }

  /** The next message of the camera says it, and what the lost one would have said. */
  #lose({ event, message, saidLost }: Entry): void {
    const unsaid = message === undefined ? event.lostBefore : saidLost;
    this.#unsaid.set(event.camera, (this.#unsaid.get(event.camera) ?? 0) + unsaid + 1);
    this.#lost += 1;
  }
}
