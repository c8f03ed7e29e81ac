/** Changes a token file: atomically, readable by its owner only. Main thread of `framegate token`. */
import { closeSync, existsSync, fsyncSync, openSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { ConfigError } from '../errors.ts';
import { checkTokens, readTokenFile, type TokenEntry } from './tokens.ts';

const ownerOnly = 0o600;

/**
 * Replaces the tokens of a file; a missing file has none. A gateway that reads it at the same time sees the old or the new file. The new file
 * exists under a fixed name until then, so that two commands at once cannot lose each other's change.
 * @throws ConfigError if the file is invalid, cannot be written, or is being changed.
 */
export function changeTokens(file: string, change: (tokens: readonly TokenEntry[]) => readonly TokenEntry[]): void {
  const target = existsSync(file) ? realpathSync(file) : file;
  const draft = `${target}.new`;
  const descriptor = openDraft(draft);
  try {
    const tokens = change(existsSync(target) ? readTokenFile(target) : []);
    writeFileSync(descriptor, `${JSON.stringify({ tokens: checkTokens(file, { tokens }) }, null, 2)}\n`);
    fsyncSync(descriptor);
    renameSync(draft, target);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

function openDraft(draft: string): number {
  try {
    return openSync(draft, 'wx', ownerOnly);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const reason = code === 'EEXIST' ? 'another command is changing the tokens; if none is, delete the file' : message;
    throw new ConfigError([`cannot create ${draft}: ${reason}`], { cause });
  }
}
