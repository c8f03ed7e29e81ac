/** Decides who may use the gateway: one `authorize` for stream, frames and plain requests. Main thread. */
import { type Credentials, tokenOf } from './credentials.ts';
import { coversPipeline, type Grant, type Scope } from './grant.ts';
import { type JwtVerdict, JwtVerifier } from './jwks.ts';
import type { OriginRules, PageHeaders, PageRefusal } from './origin.ts';
import { TokenSet } from './tokens.ts';

/** The headers and parameters of a request that matter here. Empty if absent. */
export interface AccessRequest extends PageHeaders, Credentials {}

/** What a request wants to do. */
export interface Need {
  /** `any`: every valid token suffices. `none`: a token is optional, but a given one must be valid. */
  readonly scope: Scope | 'any' | 'none';
  readonly pipelineId?: string | undefined;
}

/** The grant of a request. */
export interface Permit {
  readonly grant: Grant;
  /** The grant as it is now; undefined once its token is gone. */
  current(): Grant | undefined;
}

/** `detail` is sent to the peer and logged; it contains nothing of the token. */
export interface Denial {
  readonly allowed: false;
  readonly code: 'unauthorized' | 'forbidden' | 'server_busy';
  readonly detail: string;
}

/** `permit` is undefined where no token is needed. */
export type Decision = { readonly allowed: true; readonly permit: Permit | undefined } | Denial;

/** The token set in use, which can be replaced while the gateway runs. */
export class Tokens {
  #set: TokenSet;

  constructor(set: TokenSet) {
    this.#set = set;
  }

  /** From now on, these are the tokens. Sessions of a token that is gone end; see {@link Authorizer.recheck}. */
  replace(set: TokenSet): void {
    this.#set = set;
  }

  permitFor(token: string): Permit | undefined {
    const digest = TokenSet.digest(token);
    let set = this.#set;
    let now = set.find(digest);
    const grant = now;
    // Sessions ask several times a second, and finding takes time for each token of the file.
    const current = () => {
      if (set !== this.#set) {
        set = this.#set;
        now = set.find(digest);
      }
      return now;
    };
    return grant && { grant, current };
  }
}

export interface AuthorizerParts {
  readonly rules: OriginRules;
  /** Undefined without `AUTH_TOKENS_FILE`. */
  readonly tokens: Tokens | undefined;
  /** Undefined without `AUTH_JWKS_FILE` and `AUTH_JWKS_URL`. */
  readonly jwts: Pick<JwtVerifier, 'verify'> | undefined;
}

const open: Decision = { allowed: true, permit: undefined };

export class Authorizer {
  readonly #parts: AuthorizerParts;

  constructor(parts: AuthorizerParts) {
    this.#parts = parts;
  }

  /** Whether anything needs a token. */
  get needsToken(): boolean {
    return this.#parts.tokens !== undefined || this.#parts.jwts !== undefined;
  }

  /** Asynchronous for a JWT only. Never rejects. */
  authorize(request: AccessRequest, need: Need): Decision | Promise<Decision> {
    const refusal = this.#parts.rules.refuse(request);
    if (refusal !== undefined) return denialOf(refusal);
    if (!this.needsToken) return open;
    const token = tokenOf(request);
    if (token === undefined) return need.scope === 'none' ? open : denied('unauthorized', 'A token is required');
    const { tokens, jwts } = this.#parts;
    if (jwts !== undefined && JwtVerifier.isJwt(token)) {
      const verdict = jwts.verify(token);
      return verdict instanceof Promise ? verdict.then((late) => decide(late, need)) : decide(verdict, need);
    }
    const permit = tokens?.permitFor(token);
    return permit === undefined ? denied('unauthorized', 'Unknown token') : decisionFor(permit, need);
  }

  /** For the console's files, which everyone may read under an allowed name of the gateway. */
  checkHost(headers: PageHeaders): Denial | undefined {
    const refusal = this.#parts.rules.refuseHost(headers);
    return refusal && denialOf(refusal);
  }

  /** The page of another site that may read the reply. */
  corsOrigin(headers: PageHeaders): string | undefined {
    return this.#parts.rules.corsOrigin(headers);
  }

  /** Checks an open session again: its token may have expired, have been revoked, or permit less. */
  recheck(permit: Permit, need: Need): Denial | undefined {
    const decision = decisionFor(permit, need);
    return decision.allowed ? undefined : decision;
  }
}

function decide(verdict: JwtVerdict, need: Need): Decision {
  switch (verdict.type) {
    case 'valid':
      return decisionFor({ grant: verdict.grant, current: () => verdict.grant }, need);
    case 'invalid':
      return denied('unauthorized', verdict.detail);
    case 'unavailable':
      // Temporary: clients try again, which they would not after `unauthorized`.
      return denied('server_busy', 'Tokens cannot be checked at present');
    default:
      return verdict satisfies never;
  }
}

function decisionFor(permit: Permit, { scope, pipelineId }: Need): Decision {
  const grant = permit.current();
  if (grant === undefined) return denied('unauthorized', 'The token was revoked');
  if (grant.expiresAtMs <= Date.now()) return denied('unauthorized', 'The token has expired');
  if (scope !== 'any' && scope !== 'none' && !grant.scopes.has(scope))
    return denied('forbidden', `The token ${grant.name} has no scope "${scope}"`);
  if (pipelineId !== undefined && !coversPipeline(grant, pipelineId))
    return denied('forbidden', `The token ${grant.name} does not cover this pipeline`);
  return { allowed: true, permit };
}

function denialOf({ detail, setting }: PageRefusal): Denial {
  return denied('forbidden', `${detail}; see ${setting}`);
}

function denied(code: Denial['code'], detail: string): Denial {
  return { allowed: false, code, detail };
}
