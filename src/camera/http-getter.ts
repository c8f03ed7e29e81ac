/** Gets what an HTTP address gives, again and again: logins, redirects, one connection that is kept. Main thread. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Agent, type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps, Agent as SecureAgent } from 'node:https';
import { authorize, type Challenge, type Login, loginOf, readChallenge } from './http-login.ts';
import { wordsOfError, wordsOfStatus } from './http-words.ts';
import type { LastWords } from './last-words.ts';

export type Got =
  /** Its body must be read or destroyed. */
  | { readonly type: 'answer'; readonly response: IncomingMessage }
  /** The camera answered with something else: a status, a redirect that leads nowhere. */
  | { readonly type: 'refused'; readonly words: LastWords }
  | { readonly type: 'unreachable'; readonly words: LastWords };

const maxRedirects = 5;
/** A login that was right may be out of date once: a nonce does not live for ever. */
const maxLogins = 2;
/** One is in use at a time. */
const connection = { keepAlive: true, maxSockets: 1 } as const;

export class HttpGetter {
  readonly #address: URL;
  readonly #agent = new Agent(connection);
  /** Cameras sign their certificates themselves; ffmpeg does not check those of streams either. */
  readonly #secureAgent = new SecureAgent({ ...connection, rejectUnauthorized: false });
  /** What was asked for last, so that the next request is answered at once; a digest counts its requests. */
  #challenge: Challenge | undefined;
  #count = 0;

  constructor(address: string) {
    this.#address = new URL(address);
  }

  /** Asks once. Never rejects. `signal` ends the request, and later the body. */
  async get(signal: AbortSignal): Promise<Got> {
    let address = this.#address;
    for (let redirects = 0; redirects <= maxRedirects; redirects++) {
      const got = await this.#getWithLogin(address, signal);
      if (got.type !== 'answer') return got;
      const { statusCode: status = 0, headers } = got.response;
      if (status >= 200 && status < 300) return got;
      got.response.resume();
      if (status < 300 || status >= 400 || headers.location === undefined) {
        return { type: 'refused', words: wordsOfStatus(status, loginOf(address) !== undefined) };
      }
      const next = follow(address, headers.location);
      if (next === undefined) {
        return refused('it refers to an address of a kind that is not taken', 'never');
      }
      address = next;
    }
    return refused(`it refers to other addresses more than ${maxRedirects} times`, 'likely');
  }

  /** Lets go of the connection. */
  close(): void {
    this.#agent.destroy();
    this.#secureAgent.destroy();
  }

  async #getWithLogin(address: URL, signal: AbortSignal): Promise<Got> {
    const login = loginOf(address);
    for (let logins = 0; ; logins++) {
      const authorization = this.#authorize(address, login);
      const got = await this.#getOnce(address, authorization, signal);
      if (got.type !== 'answer' || got.response.statusCode !== 401 || login === undefined) return got;
      this.#challenge = readChallenge(got.response.headersDistinct['www-authenticate'] ?? []);
      this.#count = 0;
      // The same words a second time would be one more wrong password: cameras count them and lock the account.
      const isRepetition = this.#challenge?.scheme === 'basic' && authorization !== undefined;
      if (this.#challenge === undefined || isRepetition || logins === maxLogins - 1) return got;
      got.response.resume();
    }
  }

  #authorize(address: URL, login: Login | undefined): string | undefined {
    if (login === undefined || this.#challenge === undefined) return undefined;
    this.#count += 1;
    const uri = `${address.pathname}${address.search}`;
    const clientNonce = randomBytes(8).toString('hex');
    return authorize(this.#challenge, login, { uri, count: this.#count, clientNonce });
  }

  async #getOnce(address: URL, authorization: string | undefined, signal: AbortSignal): Promise<Got> {
    for (;;) {
      const request = this.#request(address, authorization, signal);
      try {
        const [response] = (await once(request, 'response')) as [IncomingMessage];
        // An error of the body is its reader's; without a listener it would end the process.
        response.on('error', () => undefined);
        request.on('error', () => undefined);
        return { type: 'answer', response };
      } catch (error) {
        // The camera closed the kept connection at the moment of asking: a new one may do.
        const isStale = request.reusedSocket && (error as NodeJS.ErrnoException).code === 'ECONNRESET';
        if (!isStale || signal.aborted) return { type: 'unreachable', words: wordsOfError(error as Error) };
      }
    }
  }

  #request(address: URL, authorization: string | undefined, signal: AbortSignal): ClientRequest {
    const bare = new URL(address.href);
    // Otherwise Node would send them by itself, and unasked.
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

/** @returns where to go on, with the login for the same host, unless it would go unencrypted; undefined for what is no HTTP. */
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

function refused(detail: string, healing: LastWords['healing']): Got {
  return { type: 'refused', words: { detail, healing } };
}
