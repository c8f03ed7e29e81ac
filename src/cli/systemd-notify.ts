/** Tells systemd the state of the service. Node cannot send to UNIX datagram sockets, so the program `systemd-notify` does. Main thread. */
import { execFile } from 'node:child_process';
import type { NotifyEnvironment } from '../config.ts';

/** systemd-notify waits until systemd has received a message, or this long. */
const maxNotifyMs = 2000;

/** systemd recommends a ping at half of the interval; a third leaves room for one that is late. */
const pingsPerInterval = 3;

const nanosecondsPerMicrosecond = 1000n;

export interface SystemdNotifierOptions extends NotifyEnvironment {
  /** Whether the gateway can run frames. While it cannot, the watchdog gets no ping. */
  readonly isHealthy: () => boolean;
  /** Called with the reason if a message cannot be sent. */
  readonly warn: (reason: string) => void;
}

/** Without `NOTIFY_SOCKET`, it does nothing. */
export class SystemdNotifier {
  readonly #options: SystemdNotifierOptions;
  /** Ends when all messages so far are sent: `READY=1` must not overtake the `RELOADING=1` before it. */
  #sent: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SystemdNotifierOptions) {
    this.#options = options;
  }

  /** The gateway has started. The watchdog starts here. */
  ready(): Promise<void> {
    const { socket, watchdogMs } = this.#options;
    if (socket !== undefined && watchdogMs !== undefined)
      this.#timer ??= setInterval(() => void this.ping(), watchdogMs / pingsPerInterval).unref();
    return this.#send(['--ready']);
  }

  /** A reload begins. It ends with {@link ready}, whatever its outcome, since the gateway keeps serving. */
  reloading(): Promise<void> {
    const now = process.hrtime.bigint() / nanosecondsPerMicrosecond;
    return this.#send(['RELOADING=1', `MONOTONIC_USEC=${now}`]);
  }

  /** The gateway stops. Pings go on, since draining may take longer than the watchdog's interval. */
  stopping(): Promise<void> {
    return this.#send(['STOPPING=1']);
  }

  /** One ping of the watchdog; the timer calls it. */
  async ping(): Promise<void> {
    if (this.#options.isHealthy()) await this.#send(['WATCHDOG=1']);
  }

  /** Ends the pings. */
  stop(): void {
    clearInterval(this.#timer);
  }

  #send(args: readonly string[]): Promise<void> {
    if (this.#options.socket === undefined) return this.#sent;
    this.#sent = this.#sent.then(() => this.#run(args));
    return this.#sent;
  }

  #run(args: readonly string[]): Promise<void> {
    return new Promise((resolve) => {
      execFile('systemd-notify', args, { timeout: maxNotifyMs }, (error) => {
        if (error !== null) this.#options.warn(`systemd-notify ${args[0]} failed: ${error.message.trim()}`);
        resolve();
      });
    });
  }
}
