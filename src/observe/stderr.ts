/** Makes standard error non-blocking for the whole process, and ignores its errors. Main thread. */
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';

/** File descriptor of standard error. */
const descriptor = 2;

/** Does not make the terminal the controlling one; writes do not block. */
const flags = constants.O_WRONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);

/**
 * A pipe without a reader, or a terminal stopped with Ctrl-S, blocks every writer: the event loop, and native code in worker threads.
 * Non-blocking is a property of the open file description, which the parent and its other children share. Where possible, descriptor 2
 * is therefore reopened as a separate one. Call this before any other file is opened.
 */
export function openStderr(): void {
  if (process.platform === 'linux' && (isatty(descriptor) || fstatSync(descriptor).isFIFO())) reopen();
  // Node makes pipes and sockets non-blocking on first access, and restores their mode when it exits.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', ignore);
}

/** open() returns the lowest free descriptor: the one just closed. */
function reopen(): void {
  let reopened: number;
  try {
    reopened = openSync(`/proc/self/fd/${descriptor}`, flags);
  } catch {
    // No reader (ENXIO), or it belongs to another user (EACCES): keep Node's behavior.
    return;
  }
  closeSync(descriptor);
  openSync(`/proc/self/fd/${reopened}`, flags);
  closeSync(reopened);
}

function ignore(): void {
  // The reader is gone or the disk is full: there is nowhere to report it.
}
