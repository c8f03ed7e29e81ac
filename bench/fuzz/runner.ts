/** Child process that runs cases of one target: `runner.ts TARGETS NAME CORPUS SEED`. It may crash or hang; the campaign handles that. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Done, Failure, FromRunner, Order } from './messages.ts';
import { randomForCase, type Target } from './target.ts';
import type { TargetSpec } from './targets.ts';

const [targetsUrl = '', targetName = '', corpus = '', seed = '0'] = process.argv.slice(2);

/** Unhandled rejection; it is attributed to the running case. */
let strayRejection: unknown;
process.on('unhandledRejection', (reason) => {
  strayRejection = reason;
});

function send(message: FromRunner): void {
  process.send?.(message);
}

function problemOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

async function runCase(target: Target, number: number): Promise<{ outcome: string; failure?: Failure }> {
  const made = target.make(randomForCase(Number(seed), number));
  strayRejection = undefined;
  try {
    const outcome = await target.run(made);
    if (strayRejection === undefined) return { outcome };
    throw new Error(`unhandled rejection: ${problemOf(strayRejection)}`);
  } catch (error) {
    return { outcome: 'failed', failure: { number, what: made.what, problem: problemOf(error) } };
  }
}

async function runCases(target: Target, { from, count, step }: Order): Promise<Done> {
  const tally: Record<string, number> = {};
  const failures: Failure[] = [];
  let slowest = { number: from, ms: 0 };
  for (let number = from; number < from + count; number++) {
    if ((number - from) % step === 0) send({ type: 'at', number });
    const startedAtMs = performance.now();
    const { outcome, failure } = await runCase(target, number);
    const ms = performance.now() - startedAtMs;
    if (ms > slowest.ms) slowest = { number, ms };
    tally[outcome] = (tally[outcome] ?? 0) + 1;
    if (failure !== undefined) failures.push(failure);
  }
  // Native code releases memory in a later turn of the event loop.
  await sleep(0);
  globalThis.gc?.();
  return {
    type: 'done',
    tally,
    failures,
    slowest,
    residentBytes: target.residentBytes?.() ?? process.memoryUsage.rss(),
  };
}

const { targets } = (await import(targetsUrl)) as { targets: Readonly<Record<string, TargetSpec>> };
const create = targets[targetName]?.create;
if (create === undefined) throw new Error(`unknown target ${targetName}`);
const target = await create(corpus);
process.on('message', async (order: Order) => send(await runCases(target, order)));
process.on('disconnect', () => process.exit(0));
send({ type: 'ready' });
