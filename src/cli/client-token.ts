/** The token that a command sends to the gateway: from a flag, a file or the environment. */
import { readFileSync } from 'node:fs';
import { tokenOfEnvironment } from '../config.ts';
import { ConfigError } from '../errors.ts';

export interface TokenFlags {
  /** Visible to other users of the machine, in the list of processes. */
  readonly token?: string;
  readonly tokenFile?: string;
}

/** What a header and a subprotocol can carry: tokens of `framegate token create`, and JWTs. */
const tokenPattern = /^[\w.~+-]+$/;

/**
 * @returns undefined if none is given.
 * @throws ConfigError if the file cannot be read, or the text is no token. The message does not contain it.
 */
export function clientToken({ token, tokenFile }: TokenFlags): string | undefined {
  const given = token ?? (tokenFile === undefined ? tokenOfEnvironment() : readToken(tokenFile));
  if (given === undefined || tokenPattern.test(given)) return given;
  const source = token !== undefined ? '--token' : (tokenFile ?? 'FRAMEGATE_TOKEN');
  throw new ConfigError([`${source} does not contain a token`]);
}

function readToken(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError([`cannot read token file ${file}: ${reason}`], { cause });
  }
}
