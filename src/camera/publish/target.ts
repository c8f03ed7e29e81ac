/** What the bridge knows of a place to which it publishes: an MQTT broker or a webhook. */

import type { TargetCounts } from './event-buffer.ts';
import type { CameraEvent } from './event-reader.ts';

export type { TargetCounts } from './event-buffer.ts';

/** Where to publish, as checked. Secrets are in it: never print one. */
export interface TargetPlan {
  readonly kind: 'mqtt' | 'webhook';
  readonly url: URL;
  /** Scheme and host only: paths and queries of webhooks are often secret. */
  readonly shown: string;
  readonly password?: string | undefined;
  /** Signs the requests of a webhook. */
  readonly secret?: string | undefined;
  /** PEM: the only certificate authorities to trust, and the client's certificate with its key. */
  readonly tls: TlsMaterial;
  /** Prefix of Home Assistant's discovery topics. */
  readonly discovery?: string | undefined;
}

export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export type TargetNotice =
  | { readonly type: 'connected' }
  /** Said once per outage and reason. */
  | { readonly type: 'away'; readonly detail: string }
  | { readonly type: 'back'; readonly detail: string }
  | { readonly type: 'lost'; readonly detail: string }
  | { readonly type: 'warning'; readonly detail: string };

export type TargetState = 'connecting' | 'connected' | 'away';

export interface Target {
  readonly name: string;
  readonly state: TargetState;
  readonly counts: TargetCounts;
  publish(event: CameraEvent): void;
  /** The running counts of a result, in any shape. Webhooks get none. */
  count?(camera: string, counts: unknown): void;
  setOnline?(camera: string, isOnline: boolean): void;
  /** Delivers what waits, for at most `maxMs`, and ends. */
  close(maxMs: number): Promise<void>;
}
