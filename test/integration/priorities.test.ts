/** On Linux the event loop has priority over the workers. */
import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { test } from 'tap';
import { startGateway } from '../support/gateway.ts';

/** Field 19 of /proc/PID/task/TID/stat. The name before it may contain spaces, so fields are counted from its closing parenthesis. */
function nicenessOf(pid: number, thread: string): number {
  const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
}

const skip = process.platform === 'linux' ? false : 'only Linux has per-thread priorities';

test('only worker threads are nicer than the event loop', { skip }, async (t) => {
  const gateway = await startGateway({ POOL_WORKERS: '3' });
  t.teardown(() => gateway.kill());
  const own = getPriority();
  const threads = readdirSync(`/proc/${gateway.pid}/task`).map((thread) => nicenessOf(gateway.pid, thread));
  t.equal(nicenessOf(gateway.pid, String(gateway.pid)), own, 'the loop');
  t.equal(threads.filter((niceness) => niceness > own).length, 3, 'three workers');
});
