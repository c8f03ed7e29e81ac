/** Requests an HTTP address repeatedly: handles logins and redirects, and keeps the connection alive. Main thread. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Agent, type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps, Agent as SecureAgent } from 'node:https';
import type { ExitReason } from './exit-reason.ts';
import { errorReason, statusReason } from './http-errors.ts';
import { authorize, type Challenge, type Login, loginOf, readChallenge } from './http-login.ts';

export type HttpResult =
  /** The caller must read or destroy the body. */
  | { readonly type: 'response'; readonly response: IncomingMessage }
  /** The camera returned an error status or an invalid redirect. */
  | { readonly type: 'refused'; readonly reason: ExitReason }
  | { readonly type: 'unreachable'; readonly reason: ExitReason };

const maxRedirects = 5;
/** A valid login may be rejected once, because a nonce expires. */
const maxLogins = 2;
/** Requests run one at a time. */
const connection = { keepAlive: true, maxSockets: 1 } as const;

export class HttpGetter {
  readonly #address: URL;
  readonly #agent = new Agent(connection);
  /** Cameras use self-signed certificates; ffmpeg does not check them for streams either. */
  readonly #secureAgent = new SecureAgent({ ...connection, rejectUnauthorized: false });
  /** The last challenge, so that the next request can send credentials at once; Digest counts its requests. */
  #challenge: Challenge | undefined;
  #count = 0;

  constructor(address: string) {
    this.#address = new URL(address);
  }

  /** Sends one request. Never rejects. `signal` aborts the request, and later the body. */
  async get(signal: AbortSignal): Promise<HttpResult> {
    let address = this.#address;
    for (let redirects = 0; redirects <= maxRedirects; redirects++) {
      const result = await this.#getWithLogin(address, signal);
      if (result.type !== 'response') return result;
      const { statusCode: status = 0, headers } = result.response;
      if (status >= 200 && status < 300) return result;
      result.response.resume();
      if (status < 300 || status >= 400 || headers.location === undefined) {
        return { type: 'refused', reason: statusReason(status, loginOf(address) !== undefined) };
      }
      const next = follow(address, headers.location);
      if (next === undefined) {
        return refused('redirect to an unsupported address', 'no');
      }
      address = next;
    }
    return refused(`more than ${maxRedirects} redirects`, 'yes');
  }

  /** Closes the connection. */
  close(): void {
    this.#agent.destroy();
    this.#secureAgent.destroy();
  }

  async #getWithLogin(address: URL, signal: AbortSignal): Promise<HttpResult> {
    const login = loginOf(address);
    for (let logins = 0; ; logins++) {
      const authorization = this.#authorize(address, login);
      const result = await this.#getOnce(address, authorization, signal);
      if (result.type !== 'response' || result.response.statusCode !== 401 || login === undefined) return result;
      this.#challenge = readChallenge(result.response.headersDistinct['www-authenticate'] ?? []);
      this.#count = 0;
      // Repeating the same credentials would count as one more wrong password, and cameras lock the account after a few.
      const isRepetition = this.#challenge?.scheme === 'basic' && authorization !== undefined;
      if (this.#challenge === undefined || isRepetition || logins === maxLogins - 1) return result;
      result.response.resume();
    }
  }

  #authorize(address: URL, login: Login | undefined): string | undefined {
    if (login === undefined || this.#challenge === undefined) return undefined;
    this.#count += 1;
    const uri = `${address.pathname}${address.search}`;
    const clientNonce = randomBytes(8).toString('hex');
    return authorize(this.#challenge, login, { uri, count: this.#count, clientNonce });
  }

  async #getOnce(address: URL, authorization: string | undefined, signal: AbortSignal): Promise<HttpResult> {
    for (;;) {
      const request = this.#request(address, authorization, signal);
      try {
        const [response] = (await once(request, 'response')) as [IncomingMessage];
        // The reader handles body errors; without a listener they would crash the process.
        response.on('error', () => undefined);
        request.on('error', () => undefined);
        return { type: 'response', response };
      } catch (error) {
        // The camera closed the kept-alive connection just as the request was sent: retry on a new one.
        const isStale = request.reusedSocket && (error as NodeJS.ErrnoException).code === 'ECONNRESET';
        if (!isStale || signal.aborted) return { type: 'unreachable', reason: errorReason(error as Error) };
      }
    }
  }

  #request(address: URL, authorization: string | undefined, signal: AbortSignal): ClientRequest {
    const bare = new URL(address.href);
    // Otherwise Node would send them by itself, before any challenge.
    bare.username = '';
    bare.password = '';
    const headers = {
      accept: '*/*',
      'user-agent': 'framegate',
      ...(authorization === undefined ? {} : { authorization }),
    };
    const request =
      bare.protocol === 'https:'
        ? requestHttps(bare, { headers, signal, agent: this.#secureAgent })
        : requestHttp(bare, { headers, signal, agent: this.#agent });
    request.end();
    return request;
  }
}

/**
 * Resolves a redirect. The login is kept for the same host, unless that would send it unencrypted.
 * @returns undefined if the target is not an HTTP address.
 */
function follow(from: URL, location: string): URL | undefined {
  if (!URL.canParse(location, from.href)) return undefined;
  const next = new URL(location, from.href);
  if (next.protocol !== 'http:' && next.protocol !== 'https:') return undefined;
  const isSameHost = next.hostname === from.hostname && !(from.protocol === 'https:' && next.protocol === 'http:');
  if (next.username === '' && isSameHost) {
    next.username = from.username;
    next.password = from.password;
  }
  return next;
}

function refused(detail: string, retryable: ExitReason['retryable']): HttpResult {
  return { type: 'refused', reason: { detail, retryable } };
}
