/** Signal handling of a gateway, except SIGTERM and SIGINT. Main thread. */
import inspector from 'node:inspector';
import { isatty } from 'node:tty';
import type { Log } from '../observe/log.ts';

/** Standard input, output and error; if one of them is a terminal, the gateway was started from it. */
const standardDescriptors = [0, 1, 2];

export interface SignalOptions {
  readonly log: Pick<Log, 'info'>;
  /** Stops the gateway as SIGTERM does. */
  readonly stop: () => void;
}

/**
 * SIGUSR1 does not open a debugger, and SIGUSR2 and SIGHUP do not end the process. SIGHUP stops the gateway only if the terminal from
 * which it was started has closed, since it would otherwise keep running unnoticed. isatty() is false for a closed terminal.
 */
export function handleSignals({ log, stop }: SignalOptions): void {
  closeInspector();
  const terminals = standardDescriptors.filter((descriptor) => isatty(descriptor));
  // With `--disable-sigusr1`, Node ignores SIGUSR1 from the start; without it, this handler replaces Node's own.
  for (const signal of ['SIGUSR1', 'SIGUSR2'] as const) {
    process.on(signal, () => log.info({ signal }, 'signal ignored'));
  }
  process.on('SIGHUP', (signal) => {
    const isOrphan = terminals.length > 0 && !terminals.some((descriptor) => isatty(descriptor));
    log.info({ signal }, isOrphan ? 'terminal closed' : 'signal ignored');
    if (isOrphan) stop();
  });
}

/** Closes an inspector that a SIGUSR1 opened while the command line was loading, unless `--inspect` was given. */
function closeInspector(): void {
  const isWanted = [...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').split(' ')].some((option) =>
    option.startsWith('--inspect'),
  );
  if (inspector.url() !== undefined && !isWanted) inspector.close();
}
