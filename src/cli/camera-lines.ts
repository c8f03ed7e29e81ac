/** Prints what cameras see as JSON lines, for programs. Never holds more than a limit for a reader that does not read. */
import type { BridgeEvent } from '../camera/bridge.ts';
import type { FeedEnd } from '../camera/feed.ts';
import type { Counts } from '../camera/tally.ts';
import { printableLine } from './printable.ts';

/** Where the output of `framegate camera` goes. */
export interface CameraOutput {
  event(name: string, event: BridgeEvent): void;
  ended(name: string, end: FeedEnd, counts: Counts): void;
  /** For a camera that could not be played at all. */
  refused(name: string, issue: string): void;
  close(): void;
}

/** Lines that wait for their reader: beyond this, results are left out. */
const maxUnreadBytes = 4 * 1_048_576;

export class CameraLines implements CameraOutput {
  readonly #out: NodeJS.WritableStream & { readonly writableLength: number };
  readonly #complain: (line: string) => void;
  #unprinted = 0;

  constructor(
    out: NodeJS.WritableStream & { readonly writableLength: number },
    complain: (line: string) => void = (line) => void process.stderr.write(`framegate: ${printableLine(line)}\n`),
  ) {
    this.#out = out;
    this.#complain = complain;
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
          this.#complain(`${name}: ${state.detail}; again in ${(state.retryInMs / 1000).toFixed(1)} s`);
          this.#print({ source: name, state: 'waiting', detail: state.detail, retry_in_ms: state.retryInMs });
        } else if (state.state === 'live') this.#print({ source: name, state: 'live', mode: state.mode });
        else this.#print({ source: name, state: 'opening' });
        break;
      }
      case 'repaired':
        this.#complain(`${name}: stream repaired: ${event.detail}`);
        this.#print({ source: name, repaired: event.detail });
        break;
      case 'gateway':
        if (event.state === 'lost') this.#complain(`${name}: gateway: ${event.detail}`);
        this.#print({ source: name, gateway: event.state, ...(event.detail === '' ? {} : { detail: event.detail }) });
        break;
    }
  }

  ended(name: string, { type, detail }: FeedEnd, counts: Counts): void {
    if (type === 'failed') this.#complain(`${name}: ${detail}`);
    this.#print({ source: name, state: 'ended', failed: type === 'failed', detail, ...counts });
  }

  refused(name: string, issue: string): void {
    this.#complain(`${name}: ${issue}`);
    this.#print({ source: name, state: 'ended', failed: true, detail: issue });
  }

  close(): void {
    if (this.#unprinted > 0) this.#complain(`${this.#unprinted} lines were left out: nobody read them`);
  }

  #print(line: object): void {
    if (this.#out.writableLength > maxUnreadBytes) this.#unprinted += 1;
    else this.#out.write(`${JSON.stringify(line)}\n`);
  }
}
