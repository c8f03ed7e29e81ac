/** Authorizes plain requests: status, pipelines, preflights. Runs on the loop. */
import type { BlockList } from 'node:net';
import type { Authorizer, Denial, Need, Permit } from '../auth/authorize.ts';
import type { Observer } from '../observe/observer.ts';
import { accessRequestOf, corsHeaders, denialReply, preflightReply, withHeaders } from './access.ts';
import { clientAddress } from './peer-address.ts';
import type { Reply } from './respond.ts';
import type { HttpRequest, HttpResponse } from './uws.ts';

export interface PlainAccessParts {
  readonly authorizer: Authorizer;
  readonly observer: Observer;
  /** Proxies whose `X-Forwarded-For` is trusted. */
  readonly trustedProxies: BlockList;
}

export class PlainAccess {
  readonly #parts: PlainAccessParts;

  constructor(parts: PlainAccessParts) {
    this.#parts = parts;
  }

  /** The reply of `replyFor` if the request is authorized, otherwise the reason why not. */
  reply(
    response: HttpResponse,
    request: HttpRequest,
    need: Need,
    replyFor: (permit: Permit | undefined) => Reply | Promise<Reply>,
  ): Reply | Promise<Reply> {
    const { authorizer } = this.#parts;
    const asked = accessRequestOf(request);
    const address = this.#addressOf(response, request);
    const headers = corsHeaders(authorizer.corsOrigin(asked));
    const decision = authorizer.authorize(asked, need);
    if (decision instanceof Promise) {
      return decision.then(async (late) =>
        withHeaders(late.allowed ? await replyFor(late.permit) : this.#refuse(address, late), headers),
      );
    }
    const reply = decision.allowed ? replyFor(decision.permit) : this.#refuse(address, decision);
    if (reply instanceof Promise)
      return headers.length === 0 ? reply : reply.then((late) => withHeaders(late, headers));
    return withHeaders(reply, headers);
  }

  /** Why the console's files are not served under this name; undefined if they are. */
  pageRefusal(response: HttpResponse, request: HttpRequest): Reply | undefined {
    const denial = this.#parts.authorizer.checkHost(accessRequestOf(request));
    return denial && this.#refuse(this.#addressOf(response, request), denial);
  }

  /** The reply to a preflight of a page on another site; undefined for any other request. @param methods of the path. */
  preflight(response: HttpResponse, request: HttpRequest, methods: string): Reply | Promise<Reply> | undefined {
    const isPreflight = request.getMethod() === 'options' && request.getHeader('access-control-request-method') !== '';
    if (!isPreflight) return undefined;
    const origin = this.#parts.authorizer.corsOrigin(accessRequestOf(request));
    if (origin !== undefined) return preflightReply(origin, methods);
    return this.reply(response, request, { scope: 'none' }, () => preflightReply(request.getHeader('origin'), methods));
  }

  #refuse(address: string, denial: Denial): Reply {
    const { code, detail } = denial;
    this.#parts.observer.emit('refused', {
      endpoint: 'plain',
      address,
      camera: undefined,
      pipelineId: undefined,
      code,
      detail,
    });
    return denialReply(denial);
  }

  #addressOf(response: HttpResponse, request: HttpRequest): string {
    return clientAddress(response, request, this.#parts.trustedProxies);
  }
}
