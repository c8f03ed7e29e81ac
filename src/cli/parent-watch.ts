/** Ends a process when its parent is gone, so that a killed launcher does not leave a gateway running. Also runs on Node 20. */
import { readFileSync } from 'node:fs';

/** npm and its shell do not notify their children when killed, so process ids are compared at this interval. */
const pollMs = 500;

/** `npx` and `npm start`, by npm's names for them. */
const watchedCommands = ['exec', 'start'];

/** A process that ends closes its channel shortly before its children get a new parent. */
const settleMs = 100;

/**
 * The launcher has an IPC channel to this process, which the system closes however the launcher ends. If the launcher only disconnects
 * the channel, it is still running, and this process continues.
 */
export function exitWithLauncher(end: () => void): void {
  if (process.channel === undefined) return;
  const launcher = process.ppid;
  const endIfGone = () => {
    if (isGone(launcher)) end();
  };
  process.once('disconnect', () => setTimeout(endIfGone, settleMs));
  // A command with nothing left to do must be able to exit.
  process.channel.unref();
}

/**
 * `npx` and `npm start` run the command in a shell. npm forwards SIGTERM to that shell, which ends silently. Both the parent and its
 * parent are therefore watched. Not for other scripts (`npm run`), which may intentionally start something that outlives them.
 */
export function exitWithNpm(end: () => void): void {
  if (!watchedCommands.includes(process.env['npm_command'] ?? '')) return;
  const parent = process.ppid;
  const grandparent = parentOf(parent);
  const timer = setInterval(() => {
    if (!isGone(parent) && parentOf(parent) === grandparent) return;
    clearInterval(timer);
    end();
  }, pollMs);
  timer.unref();
}

function isGone(parent: number): boolean {
  if (process.ppid !== parent) return true;
  try {
    process.kill(parent, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** @returns undefined on systems without /proc. */
function parentOf(pid: number): number | undefined {
  try {
    // The process name before it, in parentheses, may contain any characters.
    const [, parent] = /.*\) \S (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return parent === undefined ? undefined : Number(parent);
  } catch {
    return undefined;
  }
}
