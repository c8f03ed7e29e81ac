/** Starts a peer as a process of its own, as a user would, and stops it again. For benches and tests. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const peerNames = ['fastapi', 'ws-main-thread', 'ws-piscina'] as const;
export type PeerName = (typeof peerNames)[number];

export interface Peer {
  readonly name: PeerName;
  /** The address of its stream. */
  readonly url: string;
  readonly pid: number;
  /** SIGTERM, then waits for the end: the exit code, `null` after a signal. */
  stop(): Promise<number | null>;
  /** Ends the process at once, whatever it does. */
  kill(): Promise<void>;
}

const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** The interpreter that `make peers` sets up. */
export const usualPython: string = pathOf('fastapi/.venv/bin/python');

/** What must be there besides the project's own packages. */
function requirementOf(name: PeerName, python: string): string | undefined {
  switch (name) {
    case 'fastapi':
      return python;
    case 'ws-piscina':
      return pathOf('ws-piscina/node_modules/piscina');
    case 'ws-main-thread':
      return undefined;
  }
}

/** Why a peer cannot run here; `undefined` when it can. */
export function missingFor(name: PeerName, python: string = usualPython): string | undefined {
  const path = requirementOf(name, python);
  return path === undefined || existsSync(path) ? undefined : `${path} is not there; make peers sets it up`;
}

/**
 * Starts a peer on a free port and waits until it listens.
 * @param args more of its flags.
 * @throws Error with what it said, when it ends before.
 */
export async function startPeer(name: PeerName, args: readonly string[], python: string = usualPython): Promise<Peer> {
  const isPython = name === 'fastapi';
  const script = pathOf(`${name}/server.${isPython ? 'py' : 'ts'}`);
  const child = spawn(isPython ? python : process.execPath, [script, '--port', '0', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // A bench or test that fails half-way must not leave its processes behind.
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  void ended.then(() => process.off('exit', kill));
  const url = await new Promise<string>((resolve, reject) => {
    let said = '';
    const listen = (text: string) => {
      said += text;
      const ready = /listening on (ws:\S+)\n/.exec(said);
      if (ready !== null) resolve(ready[1] as string);
    };
    child.stdout.setEncoding('utf8').on('data', listen);
    child.stderr.setEncoding('utf8').on('data', listen);
    child.once('error', reject);
    child.once('close', () => reject(new Error(`${name} did not start:\n${said}`)));
  });
  return {
    name,
    url,
    pid: child.pid as number,
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
    kill: async () => {
      kill();
      await ended;
    },
  };
}
