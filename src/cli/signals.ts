/** What signals do to a gateway, besides SIGTERM and SIGINT. Main thread. */
import inspector from 'node:inspector';
import { isatty } from 'node:tty';
import type { Log } from '../observe/log.ts';

/** Standard input, output and error: one that is a terminal is the one that the gateway was started from. */
const standardDescriptors = [0, 1, 2];

export interface SignalOptions {
  readonly log: Pick<Log, 'info'>;
  /** Ends the gateway as SIGTERM does. */
  readonly stop: () => void;
}

/**
 * SIGUSR1 opens no debugger, SIGUSR2 and SIGHUP end nothing. Only where the gateway was started from a terminal that is gone does SIGHUP
 * end it, or it would stay behind without anybody to see it. A terminal that was closed is none any more when it is asked.
 */
export function handleSignals({ log, stop }: SignalOptions): void {
  closeInspector();
  const terminals = standardDescriptors.filter((descriptor) => isatty(descriptor));
  // With `--disable-sigusr1` Node ignores it from the start; without, this handler takes the place of Node's own.
  for (const signal of ['SIGUSR1', 'SIGUSR2'] as const) {
    process.on(signal, () => log.info({ signal }, 'signal ignored'));
  }
  process.on('SIGHUP', (signal) => {
    const isOrphan = terminals.length > 0 && !terminals.some((descriptor) => isatty(descriptor));
    log.info({ signal }, isOrphan ? 'terminal closed' : 'signal ignored');
    if (isOrphan) stop();
  });
}

/** Opened by a SIGUSR1 while the command line was loading; whoever wants it says `--inspect`. */
function closeInspector(): void {
  const isWanted = [...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').split(' ')].some((option) =>
    option.startsWith('--inspect'),
  );
  if (inspector.url() !== undefined && !isWanted) inspector.close();
}
