/** Runs the commands in the `console` blocks of a docs page and compares their output. Tests only. */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { freePort } from './free-port.ts';
import { snippetsOf } from './page-snippets.ts';

interface Step {
  readonly command: string;
  /** Output shown on the page; `…` matches anything. */
  readonly printed: string;
}

/** A copy of the checkout, and the environment of the commands. */
interface Checkout {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Entries of the checkout that the commands need, in a temporary folder that they may write to. */
const linked = ['node_modules', 'docs', 'src', 'test', 'package.json'];
const copied = ['native-models'];
/** The port used in the docs. */
const portOfPages = '8000';
/** Timeout of a command, generous for a busy machine. */
const maxMs = 120_000;
const pollMs = 100;

/** Lines starting with `$` are commands, continued by a trailing `\`; the others are output. */
function stepsOf(block: string): Step[] {
  return block
    .split(/^\$ /m)
    .slice(1)
    .map((text) => {
      const [, command = '', printed = ''] = /^((?:.*\\\n)*.*)\n?([\s\S]*)$/.exec(text) ?? [];
      return { command, printed };
    });
}

/**
 * Runs the `console` blocks of a page in order, in a copy of the checkout. A command ending with `&` is a gateway: it runs
 * until the test ends, and the next command waits until it is ready.
 */
export async function runPageCommands(
  t: Test,
  page: string,
  files: Readonly<Record<string, Uint8Array>> = {},
): Promise<void> {
  const steps = snippetsOf(page, 'console').flatMap(stepsOf);
  if (steps.length === 0) throw new Error(`${page} has no console block`);
  const port = String(await freePort());
  const checkout = makeCheckout(t, port);
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(checkout.folder, name), bytes);
  const onPort = (text: string) =>
    text
      .replaceAll(portOfPages, port)
      // Skip npx, which is slow to start.
      .replace('npx framegate', 'framegate')
      .replace(/^framegate (send|bench|camera)\b/, `$& --url ws://127.0.0.1:${port}`)
      .replace(/^framegate reload\b/, `$& --url http://127.0.0.1:${port}`);
  let status = 0;
  for (const { command, printed } of steps) {
    if (command.endsWith('&')) {
      await startServer(t, onPort(command.slice(0, -1)), port, checkout);
      continue;
    }
    const ran = await runCommand(`(exit ${status}); ${onPort(command)}`, checkout);
    status = ran.status;
    t.match(ran.output.replaceAll(checkout.folder, '').trimEnd(), patternOf(onPort(printed).trimEnd()), command);
  }
}

function patternOf(printed: string): RegExp {
  const literal = printed.split('…').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${literal.join('[\\s\\S]*?')}$`);
}

function makeCheckout(t: Test, port: string): Checkout {
  const folder = mkdtempSync(join(tmpdir(), 'framegate-page-'));
  for (const name of linked) symlinkSync(join(root, name), join(folder, name));
  for (const name of copied) cpSync(join(root, name), join(folder, name), { recursive: true });
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const PATH = `${join(root, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`;
  // Nothing from the tests' environment.
  const env = { PATH, HOME: folder, PORT: port, POOL_WORKERS: '1' };
  return { folder, env };
}

function runCommand(command: string, { folder, env }: Checkout): Promise<{ status: number; output: string }> {
  const child = spawn('bash', ['-c', command], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const limit = setTimeout(() => child.kill('SIGKILL'), maxMs);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  return new Promise((resolve) => {
    child.once('close', (code) => {
      clearTimeout(limit);
      resolve({ status: code ?? 1, output });
    });
  });
}

/** Resolves when the gateway is ready. */
async function startServer(t: Test, command: string, port: string, { folder, env }: Checkout): Promise<void> {
  const child = spawn('bash', ['-c', command], { cwd: folder, env, stdio: 'ignore', detached: true });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  // Kill the process group: npx and the launcher run between the shell and the gateway.
  const end = (signal: NodeJS.Signals) => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, signal);
  };
  const kill = () => end('SIGKILL');
  process.once('exit', kill);
  t.teardown(async () => {
    end('SIGTERM');
    await closed;
    process.off('exit', kill);
  });
  const deadlineMs = performance.now() + maxMs;
  while (!(await isReady(port))) {
    if (child.exitCode !== null || performance.now() > deadlineMs) throw new Error(`"${command}" did not become ready`);
    await delay(pollMs);
  }
}

async function isReady(port: string): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
  await response?.arrayBuffer();
  return response?.ok === true;
}
