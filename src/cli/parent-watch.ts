/** Ends a process when whoever started it has gone, so that a killed launcher leaves no gateway behind. Runs on Node 20 too. */
import { readFileSync } from 'node:fs';

/** npm and its shell tell nobody when they are killed; their ids are compared this often. */
const pollMs = 500;

/** `npx` and `npm start`, by npm's names. */
const coveredCommands = ['exec', 'start'];

/** A process that ends closes its channel a moment before its children have another parent. */
const settleMs = 100;

/**
 * The launcher holds an IPC channel to the process that it starts; the system closes it, whatever the launcher's end. A process
 * that only lets go of the channel (`disconnect`) is still there, and ends nothing.
 */
export function exitWithLauncher(end: () => void): void {
  if (process.channel === undefined) return;
  const launcher = process.ppid;
  const endIfGone = () => {
    if (isGone(launcher)) end();
  };
  process.once('disconnect', () => setTimeout(endIfGone, settleMs));
  // A command that has nothing left to do ends, launcher or not.
  process.channel.unref();
}

/**
 * `npx` and `npm start` put a shell between npm and the command; npm hands SIGTERM on to that shell, which ends without a word. So the
 * parent and its parent must both stay. Not in a script of one's own (`npm run`), which may well start something that outlives it.
 */
export function exitWithNpm(end: () => void): void {
  if (!coveredCommands.includes(process.env['npm_command'] ?? '')) return;
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

/** @returns undefined where the system has no /proc. */
function parentOf(pid: number): number | undefined {
  try {
    // The name before it, in parentheses, may hold anything.
    const [, parent] = /.*\) \S (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return parent === undefined ? undefined : Number(parent);
  } catch {
    return undefined;
  }
}
