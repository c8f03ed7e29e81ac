/** A webhook receiver that answers as a test specifies. Tests only. */
import {
  createServer as createHttp,
  type IncomingHttpHeaders,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttps, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';

export interface WebhookRequest {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly atMs: number;
}

export interface WebhookReceiver {
  readonly port: number;
  /** In the order of their arrival, also those that got no answer. */
  readonly requests: WebhookRequest[];
  /** Cuts all connections and stops listening. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** Answers a request. @param index of the request, from 0. */
export type Answer = (response: ServerResponse, index: number, request: WebhookRequest) => void;

export async function startWebhookReceiver(t: Test, answer: Answer, tls?: ServerOptions): Promise<WebhookReceiver> {
  const requests: WebhookRequest[] = [];
  const listener: RequestListener = (request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      const { method, url: path, headers } = request;
      const arrived = { method, path, headers, body, atMs: performance.now() };
      answer(response, requests.push(arrived) - 1, arrived);
    });
  };
  const server = tls === undefined ? createHttp(listener) : createHttps(tls, listener);
  const listen = (at: number) => new Promise<void>((resolve) => server.listen(at, '127.0.0.1', resolve));
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  await listen(0);
  const { port } = server.address() as AddressInfo;
  t.teardown(() => (server.listening ? stop() : undefined));
  return { port, requests, stop, start: () => listen(port) };
}
