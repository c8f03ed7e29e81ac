/** `framegate token`: creates, lists and revokes the tokens of a token file. */
import { hasExpired, parseExpiry } from '../auth/expiry.ts';
import { changeTokens } from '../auth/token-file.ts';
import { createToken, hashToken, readTokenFile, type TokenEntry } from '../auth/tokens.ts';
import { configOfProcess } from '../config.ts';
import { ConfigError } from '../errors.ts';
import { timestamp } from '../observe/timestamp.ts';
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
  readonly maxDetections?: number;
  readonly maxTextLength?: number;
  /** `30d`, or an ISO date. */
  readonly expires?: string;
}

/** Adds a token and prints it to standard output, once. @throws ConfigError if anything is invalid; the file is unchanged then. */
export function createNamedToken(name: string, flags: CreateTokenFlags): void {
  const token = createToken();
  const entry = {
    ...{ name, hash: hashToken(token), scopes: listOf(flags.scope) as TokenEntry['scopes'] },
    pipelines: flags.pipelines === 'all' ? ('all' as const) : listOf(flags.pipelines),
    ...limitsOf(flags),
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

/** The limits that are given. */
function limitsOf({ maxFps, maxSessions, maxDetections, maxTextLength }: CreateTokenFlags) {
  return {
    ...(maxFps === undefined ? {} : { max_fps: maxFps }),
    ...(maxSessions === undefined ? {} : { max_sessions: maxSessions }),
    ...(maxDetections === undefined ? {} : { max_detections: maxDetections }),
    ...(maxTextLength === undefined ? {} : { max_text_length: maxTextLength }),
  };
}

/** Limits in the list, with their units. */
const limitUnits = [
  ['max_fps', 'fps'],
  ['max_sessions', 'sessions'],
  ['max_detections', 'detections'],
  ['max_text_length', 'characters'],
] as const;

/** Prints one line per token. @throws ConfigError if the file is invalid. */
export function listTokens(flags: TokenFileFlags): void {
  for (const { name, scopes: granted, pipelines, expires, ...limits } of readTokenFile(fileOf(flags))) {
    const parts = [
      ...[name, granted.join(','), pipelines === 'all' ? 'all pipelines' : pipelines.join(',')],
      ...limitUnits.flatMap(([key, unit]) => (limits[key] === undefined ? [] : [`${limits[key]} ${unit}`])),
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
