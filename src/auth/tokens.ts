/** The tokens of `AUTH_TOKENS_FILE`: their format, and the set that is in use. Main thread. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { z } from 'zod';
import { ConfigError } from '../errors.ts';
import { type Grant, grantFields, grantOf } from './grant.ts';

/** Every request is compared with all tokens, which takes about 0.2 ms with this many. */
const maxTokens = 1000;
const maxFileBytes = 1_048_576;
const maxNameLength = 64;

const tokenBytes = 32;
/** Tells a token from a JWT, and lets secret scanners find one in a repository. */
const tokenPrefix = 'fg_';

const nameSchema = z
  .string()
  .max(maxNameLength)
  .regex(/^[\w.@-]+$/, 'expected letters, digits, and . _ - @');
const expiry = z.iso.datetime({ error: 'expected a time in UTC such as 2027-01-31T00:00:00Z' });

const tokenSchema = z.strictObject({
  name: nameSchema,
  hash: z.string().regex(/^sha256:[0-9a-f]{64}$/, 'expected sha256: and 64 hexadecimal digits'),
  ...grantFields,
  created: expiry.optional(),
  expires: expiry.optional(),
});
const fileSchema = z.strictObject({ tokens: z.array(tokenSchema).max(maxTokens) });

/** One token in the file. */
export type TokenEntry = z.infer<typeof tokenSchema>;

/** A random token. */
export function createToken(): string {
  return tokenPrefix + randomBytes(tokenBytes).toString('base64url');
}

/**
 * The hash under which a token is stored. A slow hash protects passwords, which can be guessed. Nobody can guess 256 random bits, and a slow
 * hash on each request would let anyone keep the event loop busy.
 */
export function hashToken(token: string): string {
  return `sha256:${createHash('sha256').update(token).digest('hex')}`;
}

export class TokenSet {
  readonly #tokens: readonly { readonly digest: Buffer; readonly grant: Grant }[];

  constructor(entries: readonly TokenEntry[]) {
    this.#tokens = entries.map((entry) => ({
      digest: Buffer.from(entry.hash),
      grant: grantOf(
        entry.name,
        entry,
        entry.expires === undefined ? Number.POSITIVE_INFINITY : Date.parse(entry.expires),
      ),
    }));
  }

  get size(): number {
    return this.#tokens.length;
  }

  /** The digest to find a token by, so that nobody needs to keep the token. */
  static digest(token: string): Buffer {
    return Buffer.from(hashToken(token));
  }

  /** Takes the same time wherever a digest differs. An expired token is found too. */
  find(digest: Buffer): Grant | undefined {
    let found: Grant | undefined;
    for (const { digest: known, grant } of this.#tokens) if (timingSafeEqual(known, digest)) found = grant;
    return found;
  }
}

/**
 * Reads a token file.
 * @throws ConfigError with one line per issue.
 */
export function loadTokens(file: string): TokenSet {
  return new TokenSet(readTokenFile(file));
}

/** The entries of a token file. @throws ConfigError with one line per issue. */
export function readTokenFile(file: string): TokenEntry[] {
  return checkTokens(file, readJson(file, 'token file', maxFileBytes));
}

/** Checks the content of a token file. @throws ConfigError with one line per issue. */
export function checkTokens(file: string, content: unknown): TokenEntry[] {
  const { data, error } = fileSchema.safeParse(content);
  if (data === undefined) {
    throw new ConfigError(
      (error?.issues ?? []).map(({ path, message }) => `token file ${file}: ${[...path, message].join(': ')}`),
    );
  }
  const repeated = repeatedIn(data.tokens.map(({ name }) => name)) ?? repeatedIn(data.tokens.map(({ hash }) => hash));
  if (repeated !== undefined) throw new ConfigError([`token file ${file}: ${repeated} is there twice`]);
  return data.tokens;
}

/** Reads and parses a JSON file. @throws ConfigError with one line. */
export function readJson(file: string, what: string, maxBytes: number): unknown {
  let text: string;
  try {
    if (statSync(file).size > maxBytes) throw new Error(`larger than ${maxBytes} bytes`);
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigError([`cannot read ${what} ${file}: ${cause instanceof Error ? cause.message : String(cause)}`], {
      cause,
    });
  }
  try {
    return JSON.parse(text);
  } catch {
    // Node's message quotes the text, which may be a secret that was put into the wrong file.
    throw new ConfigError([`${what} ${file} is not JSON`]);
  }
}

function repeatedIn(values: readonly string[]): string | undefined {
  return values.find((value, index) => values.indexOf(value) !== index);
}
