/** Reads tokens and keys, and builds the authorizer from the configuration. Main thread. */
import { isIP } from 'node:net';
import type { Config } from '../config.ts';
import { Authorizer, Tokens } from './authorize.ts';
import { JwtVerifier } from './jwks.ts';
import { OriginRules } from './origin.ts';
import { loadTokens } from './tokens.ts';

type AuthConfig = Pick<
  Config,
  'host' | 'authTokensFile' | 'jwksFile' | 'jwksUrl' | 'jwtIssuer' | 'jwtAudience' | 'allowedOrigins' | 'allowedHosts'
>;

export interface Access {
  readonly authorizer: Authorizer;
  /** To replace the tokens while the gateway runs; undefined without a token file. */
  readonly tokens: Tokens | undefined;
}

/**
 * @param warn reports keys that cannot be fetched.
 * @throws ConfigError if a file is invalid.
 */
export function createAuthorizer(config: AuthConfig, warn: (line: string) => void): Access {
  const { host, authTokensFile, jwksFile, jwksUrl, jwtIssuer: issuer, jwtAudience: audience } = config;
  const rules = new OriginRules(config.allowedOrigins, config.allowedHosts, host);
  const tokens = authTokensFile === undefined ? undefined : new Tokens(loadTokens(authTokensFile));
  const hasKeys = jwksFile !== undefined || jwksUrl !== undefined;
  const jwts = hasKeys ? new JwtVerifier({ jwksFile, jwksUrl, issuer, audience }, warn) : undefined;
  return { authorizer: new Authorizer({ rules, tokens, jwts }), tokens };
}

/** Reads the tokens again. @returns what puts them into use. @throws ConfigError if the file is invalid. */
export function prepareTokens(
  { authTokensFile }: Pick<Config, 'authTokensFile'>,
  tokens: Tokens | undefined,
): () => void {
  if (authTokensFile === undefined) return () => undefined;
  const next = loadTokens(authTokensFile);
  return () => tokens?.replace(next);
}

/** A warning for a gateway that everyone on a network, or every web page, can use; undefined if there is no reason for one. */
export function openAccessWarning(
  { host, allowedOrigins }: Pick<Config, 'host' | 'allowedOrigins'>,
  { needsToken }: Authorizer,
): string | undefined {
  if (needsToken) return undefined;
  if (allowedOrigins.includes('*')) return 'ALLOWED_ORIGINS=* lets every web page use the gateway without a token';
  if (isLoopback(host)) return undefined;
  return `HOST=${host} is open to the network, and no client needs a token; see AUTH_TOKENS_FILE`;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
