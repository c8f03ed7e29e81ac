/** Prints results and state changes as JSON lines, for programs. Bounds the output that is buffered for a slow reader. */
import type { BridgeEvent } from '../camera/bridge.ts';
import { withLost } from '../camera/publish/event-reader.ts';
import type { Target, TargetCounts, TargetNotice } from '../camera/publish/target.ts';
import type { SourceEnd } from '../camera/source-supervisor.ts';
import type { Counts } from '../camera/tally.ts';
import { printableLine } from './printable.ts';

/** Where the output of `framegate camera` goes. */
export interface CameraOutput {
  event(name: string, event: BridgeEvent): void;
  ended(name: string, end: SourceEnd, counts: Counts): void;
  /** A camera that cannot be played at all. */
  unusable(name: string, issue: string): void;
  /** What happens at a target to which events are published. */
  target(name: string, notice: TargetNotice): void;
  targetEnded(target: Pick<Target, 'name' | 'counts'>): void;
  close(): void;
}

/** Limit for unread output; beyond it, lines are discarded. */
const maxUnreadBytes = 4 * 1_048_576;

export class CameraLines implements CameraOutput {
  readonly #out: NodeJS.WritableStream & { readonly writableLength: number };
  readonly #eventsOnly: boolean;
  readonly #warn: (line: string) => void;
  #discardedLines = 0;

  /** @param eventsOnly prints events instead of frames. */
  constructor(
    out: NodeJS.WritableStream & { readonly writableLength: number },
    eventsOnly = false,
    warn: (line: string) => void = (line) => void process.stderr.write(`framegate: ${printableLine(line)}\n`),
  ) {
    this.#out = out;
    this.#eventsOnly = eventsOnly;
    this.#warn = warn;
  }

  event(name: string, event: BridgeEvent): void {
    switch (event.type) {
      case 'result':
      case 'dropped':
        if (!this.#eventsOnly) this.#printFrame(name, event);
        break;
      case 'events':
        if (!this.#eventsOnly) break;
        for (const item of event.events)
          this.#write(`{"source":${JSON.stringify(name)},"event":${withLost(item, item.lostBefore)}}`);
        break;
      case 'events_lost':
        this.#warn(`${name}: ${event.detail}`);
        this.#print({ source: name, events_lost: event.detail });
        break;
      case 'source': {
        const { state } = event;
        if (state.state === 'waiting') {
          this.#warn(`${name}: ${state.detail}; retrying in ${(state.retryInMs / 1000).toFixed(1)} s`);
          this.#print({ source: name, state: 'waiting', detail: state.detail, retry_in_ms: state.retryInMs });
        } else if (state.state === 'live') this.#print({ source: name, state: 'live', mode: state.mode });
        else this.#print({ source: name, state: 'opening' });
        break;
      }
      case 'repaired':
        this.#warn(`${name}: stream repaired: ${event.detail}`);
        this.#print({ source: name, repaired: event.detail });
        break;
      case 'gateway':
        if (event.state === 'lost') this.#warn(`${name}: gateway: ${event.detail}`);
        this.#print({ source: name, gateway: event.state, ...(event.detail === '' ? {} : { detail: event.detail }) });
        break;
    }
  }

  ended(name: string, { type, detail }: SourceEnd, counts: Counts): void {
    if (type === 'failed') this.#warn(`${name}: ${detail}`);
    this.#print({ source: name, state: 'ended', failed: type === 'failed', detail, ...counts });
  }

  unusable(name: string, issue: string): void {
    this.#warn(`${name}: ${issue}`);
    this.#print({ source: name, state: 'ended', failed: true, detail: issue });
  }

  target(name: string, notice: TargetNotice): void {
    if (notice.type !== 'connected') this.#warn(`${name}: ${notice.detail}`);
    const { type: state, ...others } = notice;
    this.#print({ target: name, state, ...others });
  }

  targetEnded({ name, counts }: Pick<Target, 'name' | 'counts'>): void {
    if (counts.waiting > 0 || counts.lost > 0) this.#warn(`${name}: ${describeCounts(counts)}`);
    const { published, waiting: undelivered, lost } = counts;
    this.#print({ target: name, state: 'ended', published, undelivered, lost });
  }

  close(): void {
    if (this.#discardedLines > 0)
      this.#warn(`${this.#discardedLines} lines were discarded because stdout was not drained`);
  }

  #printFrame(source: string, event: BridgeEvent & { readonly type: 'result' | 'dropped' }): void {
    const outcome =
      event.type === 'dropped'
        ? { dropped: true }
        : { result: event.result, round_trip_ms: Math.round(event.roundTripMs * 10) / 10 };
    this.#print({ source, frame_index: event.index, ...outcome });
  }

  #print(line: object): void {
    this.#write(JSON.stringify(line));
  }

  #write(line: string): void {
    if (this.#out.writableLength > maxUnreadBytes) this.#discardedLines += 1;
    else this.#out.write(`${line}\n`);
  }
}

/** At the end of a target. */
export function describeCounts({ published, waiting, lost }: TargetCounts): string {
  const parts = [`${published} published`, `${waiting} not delivered`, `${lost} lost`];
  return `events: ${parts.join(', ')}`;
}
