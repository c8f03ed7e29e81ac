/** Starts a peer as a process of its own, as a user would, and stops it again. For benches and tests. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** They speak the stream, as the gateway does. */
export const streamPeers = ['fastapi', 'ws-main-thread', 'ws-piscina'] as const;
/** They take one frame in each HTTP request, as the gateway's `POST /frames` does. */
const requestPeers = ['litserve'] as const;
export const peerNames = [...streamPeers, ...requestPeers] as const;
export type PeerName = (typeof peerNames)[number];

export interface Peer {
  readonly name: PeerName;
  /** The address of its stream (`ws:`), or of its endpoint for frames (`http:`). */
  readonly url: string;
  readonly pid: number;
  /** SIGTERM, then waits for the end: the exit code, `null` after a signal. */
  stop(): Promise<number | null>;
  /** Ends the process at once, whatever it does. */
  kill(): Promise<void>;
}

const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** The interpreter of a Python peer that `make peers` sets up; `undefined` for a Node peer. */
function defaultPython(name: PeerName): string | undefined {
  return name === 'fastapi' || name === 'litserve' ? pathOf(`${name}/.venv/bin/python`) : undefined;
}

/** Why a peer cannot run here; `undefined` when it can. */
export function missingFor(name: PeerName, python: string | undefined = defaultPython(name)): string | undefined {
  const path = name === 'ws-piscina' ? pathOf('ws-piscina/node_modules/piscina') : python;
  return path === undefined || existsSync(path) ? undefined : `${path} is not there; make peers sets it up`;
}

/**
 * Starts a peer on a free port and waits until it listens.
 * @param args more of its flags.
 * @param python the interpreter of a Python peer, instead of the usual one.
 * @throws Error with what it said, when it ends before.
 */
export async function startPeer(
  name: PeerName,
  args: readonly string[],
  python: string | undefined = defaultPython(name),
): Promise<Peer> {
  const script = pathOf(`${name}/server.${python === undefined ? 'ts' : 'py'}`);
  // LitServe is several processes: as a group of their own they can all be ended at once.
  const child = spawn(python ?? process.execPath, [script, '--port', '0', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  // A bench or test that fails half-way must not leave its processes behind.
  const kill = () => killGroup(child.pid);
  process.once('exit', kill);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  void ended.then(() => process.off('exit', kill));
  const url = await new Promise<string>((resolve, reject) => {
    let said = '';
    const listen = (text: string) => {
      said += text;
      const ready = /listening on ((?:ws|http):\S+)\n/.exec(said);
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

function killGroup(leader: number | undefined): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // It has ended by itself, with all that it started.
  }
}
