/** The sessions that were opened with a token, and which of them must end. Runs on the loop. */
import type { Authorizer, Need, Permit } from '../auth/authorize.ts';
import type { SessionManager } from '../session/session-manager.ts';
import type { TokenUses } from '../session/token-uses.ts';

type PermittedSession = Pick<SessionManager, 'endWith' | 'source'>;

/** What a stream needs. An empty pipeline id is reported as a missing one, not as a forbidden one. */
export function streamNeed(pipelineId: string | undefined): Need {
  return { scope: 'stream', pipelineId: pipelineId || undefined };
}

export class SessionPermits<Session extends PermittedSession = SessionManager> {
  readonly #authorizer: Pick<Authorizer, 'recheck'>;
  readonly #tokens: TokenUses;
  readonly #permits = new Map<Session, Permit>();

  constructor(authorizer: Pick<Authorizer, 'recheck'>, tokens: TokenUses) {
    this.#authorizer = authorizer;
    this.#tokens = tokens;
  }

  add(session: Session, permit: Permit): void {
    this.#permits.set(session, permit);
  }

  delete(session: Session): void {
    this.#permits.delete(session);
  }

  /** Ends sessions whose token has expired or was revoked, or no longer permits them. Called periodically. */
  endUnauthorized(nowMs: number): void {
    for (const [session, permit] of this.#permits) {
      const denial = this.#authorizer.recheck(permit, streamNeed(session.source.pipelineId));
      const grant = permit.current();
      if (denial !== undefined && denial.code !== 'server_busy') session.endWith(denial.code, denial.detail);
      // The tokens were read again, perhaps with other limits.
      else if (grant !== undefined && grant !== permit.grant) this.#tokens.of(grant, nowMs);
    }
  }
}
