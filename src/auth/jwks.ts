/** Verifies JWTs with the keys of a file or an address. Main thread; the signatures are checked on Node's thread pool. */
import { createHash } from 'node:crypto';
import { createLocalJWKSet, createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { z } from 'zod';
import { ConfigError } from '../errors.ts';
import { type Grant, grantFields, grantOf } from './grant.ts';
import { readJson } from './tokens.ts';

export interface JwtSettings {
  /** A JSON Web Key Set, by `AUTH_JWKS_FILE` or `AUTH_JWKS_URL`; never both. */
  readonly jwksFile: string | undefined;
  readonly jwksUrl: string | undefined;
  readonly issuer: string | undefined;
  readonly audience: string | undefined;
}

export type JwtVerdict =
  | { readonly type: 'valid'; readonly grant: Grant }
  /** `detail` contains nothing of the JWT. */
  | { readonly type: 'invalid'; readonly detail: string }
  /** The keys cannot be fetched at present. */
  | { readonly type: 'unavailable' };

/** Asymmetric only: with a symmetric algorithm, a public key could pass as the secret. */
const algorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];

/** Clocks of the issuer and the gateway may differ. */
const clockToleranceS = 30;
const msPerSecond = 1000;

/** The claim with the grant, in the same format as a token in a token file. */
const grantClaim = 'framegate';
const grantSchema = z.strictObject(grantFields);

const maxJwksBytes = 262_144;
const fetchTimeoutMs = 5000;
/** Keys are fetched again after this long, and for an unknown key at most this often. */
const keysMaxAgeMs = 600_000;
const keysCooldownMs = 30_000;
/** After a failure, how long to wait before the next attempt. */
const retryAfterMs = 5000;

/** A client that posts frames sends the same JWT with each of them. */
const maxRemembered = 1000;
const rememberMs = 60_000;

const maxSubjectLength = 200;

export class JwtVerifier {
  readonly #settings: JwtSettings;
  readonly #keys: JWTVerifyGetKey;
  /** By hash, oldest first. */
  readonly #valid = new Map<string, { readonly grant: Grant; readonly untilMs: number }>();

  /**
   * @param warn reports keys that cannot be fetched.
   * @throws ConfigError if the file is not a key set.
   */
  constructor(settings: JwtSettings, warn: (line: string) => void) {
    this.#settings = settings;
    const { jwksFile, jwksUrl = '' } = settings;
    this.#keys = jwksFile === undefined ? remoteKeys(new URL(jwksUrl), warn) : fileKeys(jwksFile);
  }

  /** Whether a token is a JWT: three parts, the first of them JSON. */
  static isJwt(token: string): boolean {
    return /^eyJ[\w-]*\.[\w-]+\.[\w-]*$/.test(token);
  }

  /** Returns at once for a JWT that was valid a moment ago. Never rejects. */
  verify(jwt: string): JwtVerdict | Promise<JwtVerdict> {
    const hash = createHash('sha256').update(jwt).digest('base64');
    const known = this.#valid.get(hash);
    if (known !== undefined && known.untilMs > Date.now()) return { type: 'valid', grant: known.grant };
    return this.#verify(jwt).then((verdict) => {
      if (verdict.type === 'valid') this.#remember(hash, verdict.grant);
      return verdict;
    });
  }

  async #verify(jwt: string): Promise<JwtVerdict> {
    const { issuer, audience } = this.#settings;
    try {
      const { payload } = await jwtVerify(jwt, this.#keys, {
        ...{ algorithms, clockTolerance: clockToleranceS, requiredClaims: ['exp', 'sub'] },
        ...(issuer === undefined ? {} : { issuer }),
        ...(audience === undefined ? {} : { audience }),
      });
      const { data } = grantSchema.safeParse(payload[grantClaim]);
      if (data === undefined) return { type: 'invalid', detail: `The JWT has no valid claim "${grantClaim}"` };
      const name = `jwt:${String(payload.sub).slice(0, maxSubjectLength).replace(/\p{C}/gu, ' ')}`;
      const expiresAtMs = ((payload.exp ?? 0) + clockToleranceS) * msPerSecond;
      return { type: 'valid', grant: grantOf(name, data, expiresAtMs) };
    } catch (error) {
      return verdictOf(error);
    }
  }

  #remember(hash: string, grant: Grant): void {
    const [oldest] = this.#valid.keys();
    if (this.#valid.size >= maxRemembered && oldest !== undefined) this.#valid.delete(oldest);
    this.#valid.set(hash, { grant, untilMs: Math.min(Date.now() + rememberMs, grant.expiresAtMs) });
  }
}

/** jose's messages may quote the JWT, so only the kind of the error is told. */
function verdictOf(error: unknown): JwtVerdict {
  if (error instanceof errors.JWTExpired) return { type: 'invalid', detail: 'The token has expired' };
  if (error instanceof errors.JWTClaimValidationFailed)
    return { type: 'invalid', detail: `The JWT's claim "${error.claim}" is missing or wrong` };
  if (error instanceof errors.JOSEAlgNotAllowed)
    return { type: 'invalid', detail: "The JWT's algorithm is not allowed" };
  const isInvalid =
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JWTInvalid ||
    error instanceof errors.JOSENotSupported;
  return isInvalid ? { type: 'invalid', detail: 'The JWT is not signed with a known key' } : { type: 'unavailable' };
}

function fileKeys(file: string): JWTVerifyGetKey {
  try {
    return createLocalJWKSet(readJson(file, 'key file', maxJwksBytes) as Parameters<typeof createLocalJWKSet>[0]);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError([`key file ${file} is not a JSON Web Key Set`], { cause: error });
  }
}

function remoteKeys(url: URL, warn: (line: string) => void): JWTVerifyGetKey {
  let failedMs = Number.NEGATIVE_INFINITY;
  return createRemoteJWKSet(url, {
    ...{ timeoutDuration: fetchTimeoutMs, cacheMaxAge: keysMaxAgeMs, cooldownDuration: keysCooldownMs },
    [customFetch]: async (address: string, options: RequestInit) => {
      if (performance.now() - failedMs < retryAfterMs) throw new Error('failed a moment ago');
      try {
        const response = await fetch(address, options);
        if (!response.ok) throw new Error(`HTTP status ${response.status}`);
        return new Response(await readLimited(response), { status: response.status });
      } catch (error) {
        failedMs = performance.now();
        warn(`cannot fetch the keys of AUTH_JWKS_URL: ${reasonOf(error)}`);
        throw error;
      }
    },
  });
}

/** @throws Error if the body is longer than a key set can be. */
async function readLimited(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let length = 0;
  for await (const chunk of (response.body as AsyncIterable<Uint8Array> | null) ?? []) {
    length += chunk.length;
    if (length > maxJwksBytes) throw new Error(`longer than ${maxJwksBytes} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** `fetch` hides the reason of a network error in its cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}
