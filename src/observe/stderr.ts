/** Makes standard error non-blocking for the whole process, and its errors harmless. Main thread. */
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';

/** The number that standard error always has. */
const descriptor = 2;

/** Opened this way the terminal does not become the controlling one, and neither read nor write waits. */
const flags = constants.O_WRONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);

/**
 * A pipe that nobody reads, or a terminal that was stopped with Ctrl-S, makes every writer wait: the event loop, and native code in worker
 * threads. Non-blocking is a property of what was opened, which the parent and its other children share; so where it can be had,
 * descriptor 2 becomes an opening of our own. To be called before anything else opens files.
 */
export function openStderr(): void {
  if (process.platform === 'linux' && (isatty(descriptor) || fstatSync(descriptor).isFIFO())) reopen();
  // Node makes pipes and sockets non-blocking when it looks at them first, and gives them back as they were when it ends.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', ignore);
}

/** The lowest free number is the one that is taken next, and that is the one just closed. */
function reopen(): void {
  let reopened: number;
  try {
    reopened = openSync(`/proc/self/fd/${descriptor}`, flags);
  } catch {
    // Nobody reads it (ENXIO), or it is another user's (EACCES): Node's own way is left.
    return;
  }
  closeSync(descriptor);
  openSync(`/proc/self/fd/${reopened}`, flags);
  closeSync(reopened);
}

function ignore(): void {
  // Whoever reads has gone, or the disk is full: nothing can be told where it could be read.
}
