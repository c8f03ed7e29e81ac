/** Starts and stops a peer as a separate process, as a user would. For benches and tests. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Peers with the gateway's WebSocket stream. */
export const streamPeers = ['fastapi', 'ws-main-thread', 'ws-piscina'] as const;
/** Peers that take one frame per HTTP request, like the gateway's `POST /frames`. */
const requestPeers = ['litserve'] as const;
export const peerNames = [...streamPeers, ...requestPeers] as const;
export type PeerName = (typeof peerNames)[number];

export interface Peer {
  readonly name: PeerName;
  /** URL of its stream (`ws:`), or of its endpoint for frames (`http:`). */
  readonly url: string;
  readonly pid: number;
  /** Sends SIGTERM and waits for the exit. @returns the exit code, `null` after a signal. */
  stop(): Promise<number | null>;
  /** Kills the process immediately. */
  kill(): Promise<void>;
}

const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** The interpreter that `make peers` installs for a Python peer; `undefined` for a Node peer. */
function defaultPython(name: PeerName): string | undefined {
  return name === 'fastapi' || name === 'litserve' ? pathOf(`${name}/.venv/bin/python`) : undefined;
}

/** Why a peer cannot run here; `undefined` if it can. */
export function missingFor(name: PeerName, python: string | undefined = defaultPython(name)): string | undefined {
  const path = name === 'ws-piscina' ? pathOf('ws-piscina/node_modules/piscina') : python;
  return path === undefined || existsSync(path) ? undefined : `${path} does not exist; run make peers`;
}

/**
 * Starts a peer on a free port and waits until it listens.
 * @param args additional flags.
 * @param python the interpreter of a Python peer.
 * @throws Error with its output if it exits before listening.
 */
export async function startPeer(
  name: PeerName,
  args: readonly string[],
  python: string | undefined = defaultPython(name),
): Promise<Peer> {
  const script = pathOf(`${name}/server.${python === undefined ? 'ts' : 'py'}`);
  // LitServe has several processes; in their own process group they can be killed together.
  const child = spawn(python ?? process.execPath, [script, '--port', '0', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  // A bench or test that fails must not leave processes behind.
  const kill = () => killGroup(child.pid);
  process.once('exit', kill);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  void ended.then(() => process.off('exit', kill));
  const url = await new Promise<string>((resolve, reject) => {
    let output = '';
    const listen = (text: string) => {
      output += text;
      const ready = /listening on ((?:ws|http):\S+)\n/.exec(output);
      if (ready !== null) resolve(ready[1] as string);
    };
    child.stdout.setEncoding('utf8').on('data', listen);
    child.stderr.setEncoding('utf8').on('data', listen);
    child.once('error', reject);
    child.once('close', () => reject(new Error(`${name} did not start:\n${output}`)));
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
    // The whole group has already exited.
  }
}
