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

/** So many entries that are gone are kept before the others are copied. */
const minGone = 64;

interface Entry {
  readonly event: CameraEvent;
  message?: string;
  /** Events lost before this one, as its message says. */
  saidLost: number;
}

export class EventBuffer {
  readonly #limits: BufferLimits;
  /** Taken, and not answered yet. */
  #sending: Entry[] = [];
  /** Those from `#head` on; the ones before it are gone. Removing the first of thousands would copy all the others. */
  #waiting: (Entry | undefined)[] = [];
  #head = 0;
  #bytes = 0;
  #published = 0;
  #lost = 0;
  /** Events lost per camera that no message has said yet. */
  readonly #unsaid = new Map<string, number>();

  constructor(limits: BufferLimits = { maxEvents, maxBytes }) {
    this.#limits = limits;
  }

  get counts(): TargetCounts {
    return { published: this.#published, waiting: this.#count, lost: this.#lost };
  }

  /** Events that were taken, and not acknowledged, given up or released. */
  get sending(): number {
    return this.#sending.length;
  }

  /** @returns how many events were lost to make room. */
  push(event: CameraEvent): number {
    this.#waiting.push({ event, saidLost: 0 });
    this.#bytes += event.bytes;
    let dropped = 0;
    while (this.#isFull) {
      const oldest = this.#shift();
      if (oldest === undefined) break;
      this.#lose(oldest);
      dropped += 1;
    }
    return dropped;
  }

  /** The oldest event that is not being sent yet; it is from now on. */
  take(): WaitingEvent | undefined {
    const entry = this.#shift();
    if (entry === undefined) return undefined;
    this.#sending.push(entry);
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
    const entry = this.#finish(taken);
    if (entry === undefined) return;
    this.#bytes -= entry.event.bytes;
    this.#published += 1;
  }

  /** The target never gets the event. */
  giveUp(taken: WaitingEvent): void {
    const entry = this.#finish(taken);
    if (entry !== undefined) this.#lose(entry);
  }

  /** Nothing is being sent any more: what was not acknowledged waits again, in its old order. */
  release(): void {
    this.#waiting = [...this.#sending, ...this.#waiting.slice(this.#head)];
    this.#head = 0;
    this.#sending = [];
  }

  get #count(): number {
    return this.#sending.length + this.#waiting.length - this.#head;
  }

  get #isFull(): boolean {
    return this.#count > this.#limits.maxEvents || this.#bytes > this.#limits.maxBytes;
  }

  #shift(): Entry | undefined {
    const entry = this.#waiting[this.#head];
    if (entry === undefined) return undefined;
    this.#waiting[this.#head] = undefined;
    this.#head += 1;
    if (this.#head >= minGone && 2 * this.#head >= this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    return entry;
  }

  #finish({ event }: WaitingEvent): Entry | undefined {
    const index = this.#sending.findIndex((entry) => entry.event === event);
    return index === -1 ? undefined : this.#sending.splice(index, 1)[0];
  }

  /** The next message of the camera says it, and what the lost one would have said. */
  #lose({ event, message, saidLost }: Entry): void {
    const unsaid = message === undefined ? event.lostBefore : saidLost;
    this.#unsaid.set(event.camera, (this.#unsaid.get(event.camera) ?? 0) + unsaid + 1);
    this.#bytes -= event.bytes;
    this.#lost += 1;
  }
}
