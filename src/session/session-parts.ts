/** What a session is made of: its limits, and the narrow parts of the pool, the socket and the observer that it uses. Main thread. */
import type { Observer, Source } from '../observe/observer.ts';
import type { Pool } from '../pool/pool.ts';
import type { Address } from './addresses.ts';
import type { BackpressureThresholds } from './backpressure.ts';
import type { FrameLimits } from './frame-validator.ts';
import type { Outbox } from './outbox.ts';
import type { TokenUse } from './token-uses.ts';

export interface SessionLimits extends FrameLimits, BackpressureThresholds {
  readonly sendBufferBytes: number;
}

/** The parts of the pool that a session uses. */
export type SessionPool = Pick<Pool, 'openSession' | 'closeSession' | 'prepare' | 'offer'>;

export interface SessionParts {
  readonly source: Source & { readonly sessionId: string };
  readonly address: Address;
  /** Its limits apply too; undefined if no token is needed. */
  readonly token?: Pick<TokenUse, 'name' | 'takeFrame' | 'limitResult'> | undefined;
  readonly limits: SessionLimits;
  readonly pool: SessionPool;
  readonly outbox: Outbox;
  readonly observer: Observer;
  /** Called once, however the session ends. */
  readonly onEnd?: () => void;
}
