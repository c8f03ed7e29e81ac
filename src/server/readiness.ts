/** `GET /readyz`: whether the gateway can run frames, and in detail what it runs. Runs on the loop. */
import type { PoolStatus } from '../pool/pool-status.ts';
import { setupsOf } from '../pool/setups.ts';
import type { ReloadStatus } from '../status.ts';
import { jsonReply, type Reply } from './respond.ts';

/** What changes while the gateway runs, apart from its pool. */
export interface Lifecycle {
  /** Whether it has been asked to stop. */
  readonly isDraining: () => boolean;
  readonly reloads: () => ReloadStatus;
}

/**
 * Ready means that frames can run. One worker is enough, since the others are replaced in the background; `degraded` shows that some are
 * missing. Workers with identical setup are reported once, with their number.
 * @param version undefined for clients, who are only told whether the gateway is ready.
 */
export function readiness(
  { reports, pipelines, generation, hosts, engines, ...counts }: PoolStatus,
  { isDraining, reloads }: Lifecycle,
  version: string | undefined,
): Reply {
  const draining = isDraining();
  const ready = !draining && counts.ready > 0;
  const line = ready ? '200 OK' : '503 Service Unavailable';
  if (version === undefined) return jsonReply(line, JSON.stringify({ ready }));
  const body = {
    ...{ ready, degraded: counts.ready < counts.size || engines.some(({ state }) => state !== 'ready'), draining },
    ...{ generation, reloads: reloads() },
    ...{ pool: counts, hosts, ...(engines.length > 0 && { engines }), pipelines, setups: setupsOf(reports), version },
  };
  return jsonReply(line, JSON.stringify(body));
}
