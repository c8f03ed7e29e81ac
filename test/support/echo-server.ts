/** An echo server with the same uWebSockets.js build and settings as the stream. Tests only. */

import { isHandshake, rejectIfMalformed } from '../../src/server/request-checks.ts';
import { acceptSocket, handshakeOf, socketSettings } from '../../src/server/stream-socket.ts';
import { listenExclusively, loadUws } from '../../src/server/uws.ts';

export interface EchoServer {
  readonly port: number;
  close(): void;
}

/** @param hardCapBytes maximum size of a message. */
export async function startEcho(hardCapBytes: number): Promise<EchoServer> {
  const uws = await loadUws(32_768);
  const app = uws.App();
  app.ws('/*', {
    ...socketSettings(hardCapBytes),
    upgrade: (response, request, context) => {
      if (isHandshake(request)) acceptSocket(response, handshakeOf(request), context, {});
      else request.setYield(true);
    },
    message: (socket, message, isBinary) => void socket.send(message, isBinary),
  });
  app.any('/*', (response, request) => {
    if (!rejectIfMalformed(response, request)) response.cork(() => response.writeStatus('426 Upgrade Required').end());
  });
  const socket = await listenExclusively(app, '127.0.0.1', 0);
  return { port: uws.us_socket_local_port(socket), close: () => void app.close() };
}
