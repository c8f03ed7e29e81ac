/** Starts servers as child processes: the gateway as users run it, the baseline sink, and the peers. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { missingFor, startPeer } from '../peers/start-peer.ts';
import type { ServerName } from './server-spec.ts';

export interface BenchServer {
  /** `ws://127.0.0.1:PORT`, or `http:` for a peer without a stream. */
  readonly origin: string;
  /** Startup time reported by the gateway. */
  readonly startMs: number | undefined;
  /** Resets the measured event-loop delay. */
  resetLoopDelay(): void;
  /** Stops it. @returns its standard output. */
  stop(): Promise<string>;
  /** Kills it with all its queued work. */
  kill(): Promise<void>;
}

const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const loopDelay = pathOf('../servers/loop-delay.ts');

/** @returns the reason why a server cannot run here; `undefined` if it can. */
export function missing(name: ServerName): string | undefined {
  return name === 'gateway' || name === 'uws-sink' ? undefined : missingFor(name);
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Watches the event loop, which costs a wake-up a millisecond. */
  readonly watchLoop?: boolean;
}

export async function startServer(
  name: ServerName,
  { env = {}, watchLoop = false }: StartOptions = {},
): Promise<BenchServer> {
  const preload = watchLoop ? ['--import', loopDelay] : [];
  switch (name) {
    case 'gateway':
      return startOwn([...preload, pathOf('../../dist/cli.js'), 'serve'], { ...env, PORT: '0' });
    case 'uws-sink':
      return startOwn([...preload, pathOf('../servers/uws-sink.ts')], env);
    default: {
      const peer = await startPeer(name, []);
      const stop = async () => {
        await peer.stop();
        return '';
      };
      return { origin: new URL(peer.url).origin, startMs: undefined, resetLoopDelay, stop, kill: () => peer.kill() };
    }
  }
}

function resetLoopDelay(): void {
  // The event loop of peers is not measured.
}

async function startOwn(args: readonly string[], env: Readonly<Record<string, string>>): Promise<BenchServer> {
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  let output = '';
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  void ended.then(() => process.off('exit', kill));
  const ready = await readinessOf(child, (text) => {
    output += text;
  });
  return {
    ...ready,
    resetLoopDelay: () => {
      if (args.includes(loopDelay)) child.kill('SIGUSR2');
    },
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
      return output;
    },
    kill: async () => {
      kill();
      await ended;
    },
  };
}

/** Waits for the line with the address: `ready` in the gateway's log, `listening on` for the others. */
function readinessOf(
  child: ChildProcess,
  onOutput: (text: string) => void,
): Promise<Pick<BenchServer, 'origin' | 'startMs'>> {
  return new Promise((resolve, reject) => {
    let output = '';
    const parse = (text: string) => {
      output += text;
      const ready = /listening on (ws:\/\/[^/\s]+)|"event":"ready","url":"(ws:\/\/[^/"]+).*\n/.exec(output);
      if (ready === null) return;
      const startMs = /"start_ms":(\d+)/.exec(output)?.[1];
      resolve({
        origin: (ready[1] ?? ready[2]) as string,
        startMs: startMs === undefined ? undefined : Number(startMs),
      });
    };
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      onOutput(text);
      parse(text);
    });
    child.stderr?.setEncoding('utf8').on('data', parse);
    child.once('close', () => reject(new Error(`the server did not start:\n${output}`)));
  });
}
