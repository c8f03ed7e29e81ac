/** On Linux the event loop goes before the workers. */
import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { test } from 'tap';
import { startGateway } from '../support/gateway.ts';

/** Field 19 of /proc/PID/task/TID/stat; the name before it may hold spaces, so fields are counted from its bracket. */
function nicenessOf(pid: number, thread: string): number {
  const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
}

const skip = process.platform === 'linux' ? false : 'threads have priorities of their own on Linux only';

test('worker threads are nicer than the event loop, and nothing else is', { skip }, async (t) => {
  const gateway = await startGateway({ POOL_WORKERS: '3' });
  t.teardown(() => gateway.kill());
  const own = getPriority();
  const threads = readdirSync(`/proc/${gateway.pid}/task`).map((thread) => nicenessOf(gateway.pid, thread));
  t.equal(nicenessOf(gateway.pid, String(gateway.pid)), own, 'the loop');
  t.equal(threads.filter((niceness) => niceness > own).length, 3, 'three workers');
});
