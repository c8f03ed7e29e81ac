/** What hosts and gateways tell each other about themselves, at every change and every second. Both are JSON. Main thread. */
import { z } from 'zod';

/** Raised when gateways and hosts of two versions must not work together. */
export const protocolVersion = 1;

export const statusIntervalMs = 1000;

/** Far above what a process with hundreds of pipelines says of itself. Larger ones are not parsed. */
const maxStatusBytes = 262_144;
/** Of a text in the log. */
const maxIssueLength = 500;
const maxListed = 10;

/** Id of a gateway or host: one token of a subject. */
export const processId = z.string().regex(/^[\w-]{1,64}$/);
const name = z.string().max(64);
export const count = z.number().int().min(0).max(1_000_000);
/** Fingerprint by pipeline id. */
const fingerprints = z.record(z.string(), z.string());

const common = {
  /** Compared first: with another version, the rest may mean something else. */
  protocol: z.literal(protocolVersion),
  version: z.string().max(64),
  id: processId,
  name,
  /** It will end; it finishes what it has. */
  isLeaving: z.boolean(),
  pipelines: fingerprints,
};

const hostStatus = z.object({
  ...common,
  /** Target number of workers, and how many of them are ready, busy, or stuck in a frame that timed out. */
  workers: z.object({ size: count, ready: count, busy: count, timedOut: count }),
  /** Ids of the pipelines that are loaded. */
  loaded: z.array(z.string()),
  /** Frames that each gateway may have in flight here, by gateway id. */
  limits: z.record(z.string(), count),
  /** Frames that each gateway has in flight here, by gateway id. */
  inFlight: z.record(z.string(), count),
  setups: z.array(
    z.object({
      workers: count,
      decoder: z.string(),
      models: z.array(
        z.object({
          name: z.string(),
          provider: z.string(),
          device: z.exactOptional(z.number()),
          max_batch: z.exactOptional(z.number()),
        }),
      ),
    }),
  ),
});
export type HostStatus = z.output<typeof hostStatus>;

const gatewayStatus = z.object({
  ...common,
  /** Frames that it would have in flight on all hosts together if it could: the most of the last seconds. */
  demand: count,
  /** Workers of all hosts that it may use. */
  hostWorkers: count,
  /** Sessions that sent frames lately: its weight in the shares. */
  activeSessions: count,
  /** How long a frame and its reply are on their way, in milliseconds. */
  networkMs: z.number().min(0),
  /** Fingerprints before the last reload: hosts that still have these are used until they are reloaded, too. */
  previous: fingerprints,
  /** Ids of the pipelines that its sessions use. */
  wanted: z.array(z.string()),
});
export type GatewayStatus = z.output<typeof gatewayStatus>;

/** A status that was not understood, with what is known about its sender. */
export interface UnknownStatus {
  readonly name: string;
  readonly issue: string;
}

export const parseHostStatus = (bytes: Uint8Array) => parse(hostStatus, bytes);
export const parseGatewayStatus = (bytes: Uint8Array) => parse(gatewayStatus, bytes);

const anySender = z.object({ protocol: z.number(), version: z.string().max(64), name });

function parse<Status>(schema: z.ZodType<Status>, bytes: Uint8Array): Status | UnknownStatus {
  if (bytes.byteLength > maxStatusBytes)
    return { name: 'unknown', issue: `its status has more than ${maxStatusBytes} bytes` };
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch {
    return { name: 'unknown', issue: 'its status is not JSON' };
  }
  const checked = schema.safeParse(json);
  if (checked.success) return checked.data;
  const sender = anySender.safeParse(json).data;
  const issue = checked.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
  if (sender === undefined || sender.protocol === protocolVersion)
    return { name: sender?.name ?? 'unknown', issue: `its status is not valid: ${issue.slice(0, maxIssueLength)}` };
  const [theirs, ours] = [`protocol ${sender.protocol} (version ${sender.version})`, `protocol ${protocolVersion}`];
  return { name: sender.name, issue: `it speaks ${theirs}, and this process ${ours}; update the older one` };
}

/** Pipelines of both sides, and why others are not: one line each. */
export interface Comparison {
  readonly matching: readonly string[];
  readonly issues: readonly string[];
}

/**
 * Compares the pipelines of a gateway and a host. One that only one of them has is no issue: different hosts may run different ones.
 * @param own fingerprint by pipeline id.
 */
export function compareFingerprints(
  own: ReadonlyMap<string, string>,
  others: Readonly<Record<string, string>>,
): Comparison {
  const shared = Object.entries(others).filter(([id]) => own.has(id));
  const matching = shared.flatMap(([id, fingerprint]) => (own.get(id) === fingerprint ? [id] : []));
  const differing = shared.flatMap(([id, fingerprint]) => (own.get(id) === fingerprint ? [] : [id]));
  const issues = differing.map((id) => `pipeline ${id} differs: its file, models or custom tools are not the same`);
  if (shared.length === 0) issues.push(`no pipeline in common: it has ${listed(Object.keys(others).sort()) || 'none'}`);
  return { matching, issues };
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, maxListed).join(', ').slice(0, maxIssueLength);
  return names.length > maxListed ? `${shown} and ${names.length - maxListed} more` : shown;
}
