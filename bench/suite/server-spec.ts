/** What a run is made against: which server, and what is different about it. Pure. */
import type { PeerName } from '../peers/start-peer.ts';

export type ServerName = 'gateway' | 'uws-sink' | PeerName;

export interface ServerSpec {
  /** `none` is for loads that need no server. */
  readonly name: ServerName | 'none';
  /** The name in tables; no two servers of a cell have the same. */
  readonly label: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Watches the event loop, which costs a wake-up a millisecond. */
  readonly watchLoop?: boolean;
  /** Started for each run and ended after it. Others are used again while they are needed. */
  readonly isFresh?: boolean;
  readonly needsNoWarmUp?: boolean;
  /** Its worker is given a frame that it never answers. */
  readonly isStuck?: boolean;
}
