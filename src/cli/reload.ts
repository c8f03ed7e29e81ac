/** `framegate reload`: makes a gateway on this machine read its pipelines, tools, and models again, and reports the outcome. Main thread. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { ConfigError, failureExitCode } from '../errors.ts';
import { findServer } from '../load/server-usage.ts';
import { clientToken, type TokenFlags } from './client-token.ts';
import { streamUrlOf } from './gateway-address.ts';

export interface ReloadFlags extends TokenFlags {
  readonly url: string;
  /** Process id of the gateway; found by its port if missing. */
  readonly pid?: number;
}

/** Longer than any model takes to load. */
const timeoutMs = 300_000;
const pollMs = 200;

/** The part of `/readyz` that is needed here. */
const readinessSchema = z.object({
  generation: z.number(),
  reloads: z.object({ succeeded: z.number(), failed: z.number(), issues: z.array(z.string()) }),
});
type Readiness = z.output<typeof readinessSchema>;

/**
 * Sends SIGHUP and waits for the outcome.
 * @returns the exit code: 0 if the gateway has reloaded, 1 if it kept what it had.
 * @throws ConfigError if there is no such gateway on this machine.
 */
export async function reload({ url: text, pid, ...flags }: ReloadFlags): Promise<number> {
  if (process.platform === 'win32') throw new ConfigError(['Windows has no SIGHUP; restart the gateway instead']);
  const url = streamUrlOf(text, '');
  const token = clientToken(flags);
  const read = () => readinessOf(url, token);
  const before = await read();
  const gateway = pid ?? pidOf(url);
  try {
    process.kill(gateway, 'SIGHUP');
  } catch (cause) {
    throw new ConfigError([`process ${gateway} cannot be signaled; it is gone, or belongs to another user`], { cause });
  }
  const { generation, reloads } = await outcomeSince(before, read);
  if (reloads.succeeded > before.reloads.succeeded) {
    process.stdout.write(`reloaded: generation ${generation}\n`);
    return 0;
  }
  for (const issue of reloads.issues) process.stderr.write(`framegate: ${issue}\n`);
  process.stderr.write('framegate: reload failed; nothing has changed\n');
  return failureExitCode;
}

async function outcomeSince(before: Readiness, read: () => Promise<Readiness>): Promise<Readiness> {
  const count = ({ reloads }: Readiness) => reloads.succeeded + reloads.failed;
  for (const deadlineMs = performance.now() + timeoutMs; performance.now() < deadlineMs; await sleep(pollMs)) {
    const now = await read();
    if (count(now) > count(before)) return now;
  }
  throw new ConfigError([`the gateway has not finished its reload after ${timeoutMs / 1000} s; see its log`]);
}

async function readinessOf(url: URL, token: string | undefined): Promise<Readiness> {
  const address = new URL('/readyz', url.href.replace(/^ws/, 'http'));
  const unreachable = (cause: unknown) => new ConfigError([`no gateway answers at ${address.href}`], { cause });
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const response = await fetch(address, { headers }).catch((cause: unknown) => Promise.reject(unreachable(cause)));
  const readiness = readinessSchema.safeParse(await response.json().catch(() => undefined));
  if (readiness.success) return readiness.data;
  throw new ConfigError([
    `${address.href} shows no reloads; with ADMIN_PORT, give that address with --url; with tokens, one of scope admin`,
  ]);
}

function pidOf(url: URL): number {
  const watch = findServer(url);
  const pid = watch.found ? watch.pids[0] : undefined;
  if (pid !== undefined) return pid;
  throw new ConfigError([
    `the gateway's process is not known; give it with --pid (${watch.found ? '' : watch.reason})`,
  ]);
}
