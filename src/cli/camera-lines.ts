/** Prints results and state changes as JSON lines, for programs. Bounds the output that is buffered for a slow reader. */
import type { BridgeEvent } from '../camera/bridge.ts';
import type { SourceEnd } from '../camera/source-supervisor.ts';
import type { Counts } from '../camera/tally.ts';
import { printableLine } from './printable.ts';

/** Where the output of `framegate camera` goes. */
export interface CameraOutput {
  event(name: string, event: BridgeEvent): void;
  ended(name: string, end: SourceEnd, counts: Counts): void;
  /** A camera that cannot be played at all. */
  unusable(name: string, issue: string): void;
  close(): void;
}

/** Limit for unread output; beyond it, lines are discarded. */
const maxUnreadBytes = 4 * 1_048_576;

export class CameraLines implements CameraOutput {
  readonly #out: NodeJS.WritableStream & { readonly writableLength: number };
  readonly #warn: (line: string) => void;
  #discardedLines = 0;

  constructor(
    out: NodeJS.WritableStream & { readonly writableLength: number },
    warn: (line: string) => void = (line) => void process.stderr.write(`framegate: ${printableLine(line)}\n`),
  ) {
    this.#out = out;
    this.#warn = warn;
  }

  event(name: string, event: BridgeEvent): void {
    switch (event.type) {
      case 'result':
        this.#print({
          source: name,
          frame_index: event.index,
          result: event.result,
          round_trip_ms: Math.round(event.roundTripMs * 10) / 10,
        });
        break;
      case 'dropped':
        this.#print({ source: name, frame_index: event.index, dropped: true });
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

  close(): void {
    if (this.#discardedLines > 0)
      this.#warn(`${this.#discardedLines} lines were discarded because stdout was not drained`);
  }

  #print(line: object): void {
    if (this.#out.writableLength > maxUnreadBytes) this.#discardedLines += 1;
    else this.#out.write(`${JSON.stringify(line)}\n`);
  }
}
