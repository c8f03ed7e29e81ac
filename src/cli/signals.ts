/** Signal handling of the commands that run until they are stopped. Main thread. */
import inspector from 'node:inspector';
import { isatty } from 'node:tty';
import type { Log } from '../observe/log.ts';

/** Standard input, output and error; if one of them is a terminal, the gateway was started from it. */
const standardDescriptors = [0, 1, 2];

/** Ctrl-C arrives twice, from the terminal and from the launcher. A signal after this time was sent on purpose. */
const duplicateSignalMs = 1000;
/** 128 + SIGINT, as a shell reports it. */
const interruptedExitCode = 130;

/**
 * Calls `stop` on the first of these signals, and `exit` on a later one.
 * @returns a function that removes the handlers.
 */
export function stopOnSignals(
  signals: readonly NodeJS.Signals[],
  stop: (signal: NodeJS.Signals) => void,
  exit: () => void = () => process.exit(interruptedExitCode),
): () => void {
  let stoppedAtMs: number | undefined;
  const onSignal = (signal: NodeJS.Signals) => {
    if (stoppedAtMs === undefined) {
      stoppedAtMs = performance.now();
      stop(signal);
    } else if (performance.now() - stoppedAtMs > duplicateSignalMs) exit();
  };
  for (const signal of signals) process.on(signal, onSignal);
  return () => {
    for (const signal of signals) process.off(signal, onSignal);
  };
}

export interface SignalOptions {
  readonly log: Pick<Log, 'info'>;
  /** Stops the gateway as SIGTERM does. */
  readonly stop: () => void;
  /** Reads the files of the gateway again. */
  readonly reload: () => void;
}

/**
 * The other signals of a gateway. SIGUSR1 does not open a debugger, and SIGUSR2 and SIGHUP do not end the process. SIGHUP reloads, or stops
 * the gateway if the terminal from which it was started has closed, since it would otherwise keep running unnoticed. isatty() is false for a
 * closed terminal.
 */
export function handleSignals({ log, stop, reload }: SignalOptions): void {
  closeInspector();
  const terminals = standardDescriptors.filter((descriptor) => isatty(descriptor));
  // With `--disable-sigusr1`, Node ignores SIGUSR1 from the start; without it, this handler replaces Node's own.
  for (const signal of ['SIGUSR1', 'SIGUSR2'] as const) {
    process.on(signal, () => log.info('signal_ignored', { signal }, 'signal ignored'));
  }
  process.on('SIGHUP', (signal) => {
    const isOrphan = terminals.length > 0 && !terminals.some((descriptor) => isatty(descriptor));
    if (!isOrphan) {
      reload();
      return;
    }
    log.info('terminal_closed', { signal }, 'terminal closed');
    stop();
  });
}

/** Closes an inspector that a SIGUSR1 opened while the command line was loading, unless `--inspect` was given. */
function closeInspector(): void {
  const isWanted = [...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').split(' ')].some((option) =>
    option.startsWith('--inspect'),
  );
  if (inspector.url() !== undefined && !isWanted) inspector.close();
}
