/** `framegate token`: creates, lists and revokes the tokens of a token file. */
import { hasExpired, parseExpiry, timestamp } from '../auth/expiry.ts';
import { changeTokens } from '../auth/token-file.ts';
import { createToken, hashToken, readTokenFile, type TokenEntry } from '../auth/tokens.ts';
import { configOfProcess } from '../config.ts';
import { ConfigError } from '../errors.ts';
import { warn } from './warn.ts';

export interface TokenFileFlags {
  readonly file?: string;
}

export interface CreateTokenFlags extends TokenFileFlags {
  /** Comma-separated. */
  readonly scope: string;
  /** Comma-separated ids, or `all`. */
  readonly pipelines: string;
  readonly maxFps?: number;
  readonly maxSessions?: number;
  /** `30d`, or an ISO date. */
  readonly expires?: string;
}

/** Adds a token and prints it to standard output, once. @throws ConfigError if anything is invalid; the file is unchanged then. */
export function createNamedToken(name: string, flags: CreateTokenFlags): void {
  const token = createToken();
  const entry = {
    ...{ name, hash: hashToken(token), scopes: listOf(flags.scope) as TokenEntry['scopes'] },
    pipelines: flags.pipelines === 'all' ? ('all' as const) : listOf(flags.pipelines),
    ...(flags.maxFps === undefined ? {} : { max_fps: flags.maxFps }),
    ...(flags.maxSessions === undefined ? {} : { max_sessions: flags.maxSessions }),
    created: timestamp(),
    ...(flags.expires === undefined ? {} : { expires: parseExpiry(flags.expires) }),
  };
  const file = fileOf(flags);
  changeTokens(file, (tokens) => {
    if (tokens.some((other) => other.name === name)) throw new ConfigError([`a token named ${name} exists already`]);
    return [...tokens, entry];
  });
  warn(`added to ${file}; the token is shown only now`);
  process.stdout.write(`${token}\n`);
}

/** Prints one line per token. @throws ConfigError if the file is invalid. */
export function listTokens(flags: TokenFileFlags): void {
  for (const { name, scopes: granted, pipelines, max_fps, max_sessions, expires } of readTokenFile(fileOf(flags))) {
    const parts = [
      ...[name, granted.join(','), pipelines === 'all' ? 'all pipelines' : pipelines.join(',')],
      ...(max_fps === undefined ? [] : [`${max_fps} fps`]),
      ...(max_sessions === undefined ? [] : [`${max_sessions} sessions`]),
      expires === undefined ? 'never expires' : `${hasExpired(expires) ? 'expired' : 'expires'} ${expires}`,
    ];
    process.stdout.write(`${parts.join('  ')}\n`);
  }
}

/** Removes a token. @throws ConfigError if there is none of this name. */
export function revokeToken(name: string, flags: TokenFileFlags): void {
  changeTokens(fileOf(flags), (tokens) => {
    const others = tokens.filter((token) => token.name !== name);
    if (others.length === tokens.length) throw new ConfigError([`no token is named ${name}`]);
    return others;
  });
}

function fileOf({ file }: TokenFileFlags): string {
  const path = file ?? configOfProcess().authTokensFile;
  if (path === undefined) throw new ConfigError(['no token file; set AUTH_TOKENS_FILE or --file']);
  return path;
}

function listOf(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
