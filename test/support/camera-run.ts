/** Runs `framegate camera` with a gateway that records its frames, and parses its output. Tests only. */
import { type ChildProcess, execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { Test } from 'tap';
import { startFakeGateway } from './fake-gateway.ts';
import { spawnCli } from './gateway.ts';

export interface CameraLine {
  readonly source: string;
  readonly state?: string;
  readonly detail?: string;
  readonly frame_index?: number;
  readonly [key: string]: unknown;
}

export interface CameraRun {
  readonly child: ChildProcess;
  readonly lines: CameraLine[];
  stdout(): string;
  stderr(): string;
  /** Waits for a line. @throws if it does not arrive within 30 seconds. */
  until(wanted: (line: CameraLine) => boolean): Promise<CameraLine>;
  ended(): Promise<number | null>;
}

const maxWaitMs = 30_000;
const pollMs = 20;

/** Why cameras cannot be tested on this machine; `false` if they can. For `skip`. */
export const noFfmpegReason: string | false = (() => {
  try {
    for (const program of ['ffmpeg', 'ffprobe']) execFileSync(program, ['-version'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'needs ffmpeg: apt install ffmpeg';
  }
})();

/** Waits for a condition. @throws if it is not met within 30 seconds. */
export async function eventually(what: string, holds: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + maxWaitMs;
  while (!holds()) {
    if (performance.now() > deadlineMs) throw new Error(`timed out waiting for ${what}`);
    await new Promise((resolve) => {
      setTimeout(resolve, pollMs);
    });
  }
}

/** Starts the command; it is stopped after the test. */
export function runCamera(t: Test, args: readonly string[], env: Record<string, string> = {}): CameraRun {
  const child = spawnCli(['camera', ...args], env);
  const lines: CameraLine[] = [];
  let stdout = '';
  let stderr = '';
  let rest = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts.map((part) => JSON.parse(part) as CameraLine));
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  t.teardown(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  return {
    child,
    lines,
    stdout: () => stdout,
    stderr: () => stderr,
    until: async (wanted) => {
      await eventually(`the line in\n${stdout}\n${stderr}`, () => lines.some(wanted));
      return lines.find(wanted) as CameraLine;
    },
    ended: () => ended,
  };
}

export interface ReceivedFrame {
  readonly bytes: Buffer;
  readonly atMs: number;
  readonly connection: number;
}

/** A gateway that answers every frame after `answerAfterMs`, and records them. */
export async function recordFrames(t: Test, answerAfterMs = 0) {
  const frames: ReceivedFrame[] = [];
  const gateway = await startFakeGateway(t, {
    frame: ({ bytes, connection, result }) => {
      frames.push({ bytes, connection, atMs: performance.now() });
      result(answerAfterMs);
    },
  });
  return { frames, url: `ws://127.0.0.1:${gateway.port}`, sockets: gateway.sockets };
}

/** Shows frames at a fixed rate until the test ends or `stop` is called; `shownAtMs` has the time of each. */
export function showFrames(t: Test, frames: readonly Buffer[], fps: number, show: (jpeg: Buffer) => void) {
  const shownAtMs: number[] = [];
  const timer = setInterval(() => {
    const frame = frames[shownAtMs.length];
    if (frame === undefined) return;
    shownAtMs.push(performance.now());
    show(frame);
  }, 1000 / fps);
  t.teardown(() => clearInterval(timer));
  return { shownAtMs, stop: () => clearInterval(timer) };
}

/** The ids of ffmpeg processes whose command line contains `text`. Linux only; empty elsewhere. */
export function processesWith(text: string): number[] {
  if (!existsSync('/proc/self/cmdline')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((id) => {
      try {
        const line = readFileSync(`/proc/${id}/cmdline`, 'utf8');
        return line.startsWith('ff') && line.includes(text);
      } catch {
        return false;
      }
    })
    .map(Number);
}
