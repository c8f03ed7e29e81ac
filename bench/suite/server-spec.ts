/** The server of a run and its settings. Pure. */
import type { PeerName } from '../peers/start-peer.ts';

export type ServerName = 'gateway' | 'uws-sink' | PeerName;

export interface ServerSpec {
  /** `none` is for loads that need no server. */
  readonly name: ServerName | 'none';
  /** Name in tables; unique within a cell. */
  readonly label: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Measures the event-loop delay, which costs one wake-up per millisecond. */
  readonly watchLoop?: boolean;
  /** Started for each run and stopped afterwards. Other servers are reused. */
  readonly isFresh?: boolean;
  readonly needsNoWarmUp?: boolean;
  /** Its worker gets a frame that never finishes. */
  readonly isStuck?: boolean;
}
