/** Why a server did not upgrade, which its HTTP answer says and `ws` does not tell. Node only. */
import type WebSocket from 'ws';

/** A reason is short; what is longer or slower is somebody else's page. */
const maxBodyLength = 1000;
const maxWaitMs = 1000;

/** Tells what a server answered instead of an upgrade, and ends the attempt, as `ws` does without a listener. */
export function onRefusal(socket: WebSocket, tell: (reason: string) => void): void {
  socket.on('unexpected-response', (_request, response) => {
    let body = '';
    response.setEncoding('utf8').on('data', (piece: string) => {
      body += piece;
      if (body.length > maxBodyLength) response.destroy();
    });
    const limit = setTimeout(() => response.destroy(), maxWaitMs);
    response.on('error', () => undefined);
    response.once('close', () => {
      clearTimeout(limit);
      const { statusCode, headers } = response;
      // A proxy that knows a prefix only with its slash sends there who left it out.
      const reason = headers.location === undefined ? detailIn(body) : ` (moved to ${headers.location})`;
      tell(`Unexpected server response: ${statusCode}${reason}`);
      socket.terminate();
    });
  });
}

/** What a gateway says of the request, in brackets; nothing where another server answered. */
function detailIn(body: string): string {
  try {
    const { detail } = JSON.parse(body) as { detail?: unknown };
    return typeof detail === 'string' ? ` (${detail})` : '';
  } catch {
    return '';
  }
}
