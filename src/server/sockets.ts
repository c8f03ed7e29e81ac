/** How the stream's sockets are opened and what uWebSockets.js is told about them. Runs on the loop. */
import type { HttpRequest, HttpResponse } from './uws.ts';

/** Seconds without a sign of life from the peer; the gateway pings by itself. uWebSockets.js aborts below 8. */
const idleTimeoutSeconds = 60;

/** @param hardCapBytes uWebSockets.js cuts a connection whose message is larger, without a word. */
export function socketSettings(hardCapBytes: number) {
  return {
    maxPayloadLength: hardCapBytes,
    // Sessions watch what is unread themselves and end with an error; zero switches the silent drop off.
    maxBackpressure: 0,
    idleTimeout: idleTimeoutSeconds,
  };
}

/**
 * Answers a handshake with 101. No extension is agreed to: compression is off. uWebSockets.js agrees to the first subprotocol that is offered,
 * which means nothing here; browsers and `ws` fail a connection where none of theirs is taken.
 */
export function acceptSocket<Data>(
  response: HttpResponse,
  request: HttpRequest,
  context: Parameters<HttpResponse['upgrade']>[4],
  data: Data,
): void {
  const key = request.getHeader('sec-websocket-key');
  const subprotocols = request.getHeader('sec-websocket-protocol');
  response.upgrade(data, key, subprotocols, request.getHeader('sec-websocket-extensions'), context);
}
