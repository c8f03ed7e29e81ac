/**
 * Restarts this process once with the `LD_LIBRARY_PATH` that CUDA needs, since the dynamic linker reads it only at the start of a process.
 * Imported for its side effect, before anything that takes time to load. execve keeps the process id, so that signals, exit codes, and
 * systemd's notifications stay as they are. A channel to the parent would not survive; the launcher has one, and has
 * set the variable already.
 */
import { libraryPathOfCommand } from '../gpu/folders.ts';

const libraryPath = process.channel === undefined ? libraryPathOfCommand(process.argv[2], process.env) : undefined;
if (libraryPath !== undefined && process.execve !== undefined) {
  const args = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  process.execve(process.execPath, args, { ...process.env, LD_LIBRARY_PATH: libraryPath });
}
