/** Ends a command when nobody reads its output any more, as in `framegate send | head`. Main thread of the command line. */

/** As a program that SIGPIPE ends; Node ignores that signal. */
const brokenPipeExitCode = 141;

export function exitWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(brokenPipeExitCode);
  });
}
