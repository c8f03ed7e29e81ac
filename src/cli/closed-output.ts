/** Ends a command when nobody reads its output any more, as in `framegate send | head`. Main thread of the command line. */

/** For commands with nothing to finish. A command that has, such as `camera`, listens by itself. */
export function exitWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    if (process.stdout.listenerCount('error') === 1) process.exit(0);
  });
}
