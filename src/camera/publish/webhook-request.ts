/** Sends one POST request to a webhook. Main thread of the bridge. */
import { type Agent, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { describeNetworkError } from './network-error.ts';
import type { Attempt } from './webhook-outcome.ts';

export interface Post {
  readonly url: URL;
  readonly agent: Agent;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Until the headers of the answer. */
  readonly timeoutMs: number;
  /** Ends it early. */
  readonly signal: AbortSignal;
}

/** Answers are not used; reading them to their end lets the connection be used again. A longer or slower one is cut. */
const maxAnswerBytes = 65_536;
const answerTimeoutMs = 2000;

/**
 * Sends it, and once more if an idle connection turns out to be closed.
 * Never rejects. Redirects are answers like others.
 */
export async function post(options: Post): Promise<Attempt> {
  const first = await postOnce(options);
  return first.isStale ? await postOnce(options) : first;
}

type FirstAttempt = Attempt & { readonly isStale?: boolean };

function postOnce({ url, agent, headers, body, timeoutMs, signal }: Post): Promise<FirstAttempt> {
  const { promise, resolve } = Promise.withResolvers<FirstAttempt>();
  const send = url.protocol === 'https:' ? requestHttps : requestHttp;
  const { username, password } = url;
  const auth = username === '' ? {} : { auth: `${decodeURIComponent(username)}:${decodeURIComponent(password)}` };
  const request = send(url, {
    ...{ method: 'POST', agent, signal, ...auth },
    headers: { ...headers, 'Content-Length': Buffer.byteLength(body) },
  });
  const timer = setTimeout(() => request.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
  let isSent = false;
  const done = (attempt: FirstAttempt) => {
    clearTimeout(timer);
    resolve(attempt);
  };
  const fail = (detail: string, isStale = false) =>
    done({ type: isSent ? 'unanswered' : 'unreachable', detail, isStale });
  request.once('finish', () => {
    isSent = true;
  });
  request.on('error', (error) => {
    const wasClosed = 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
    fail(describeNetworkError(error), wasClosed && request.reusedSocket);
  });
  request.once('upgrade', (_, socket) => {
    socket.destroy();
    fail('the answer is not HTTP');
  });
  request.once('response', (response) => {
    clearTimeout(timer);
    const { statusCode: status = 0, headers: answered } = response;
    let bytes = 0;
    const limit = setTimeout(() => response.destroy(), answerTimeoutMs);
    response.on('error', () => undefined);
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxAnswerBytes) response.destroy();
    });
    response.once('close', () => {
      clearTimeout(limit);
      done({ type: 'answer', status, retryAfter: answered['retry-after'] });
    });
  });
  request.end(body);
  return promise;
}
