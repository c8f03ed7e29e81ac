/** Why a server rejected the upgrade: its HTTP response has the reason, which `ws` does not expose. Node only. */
import type WebSocket from 'ws';

/** A gateway's reason is short and fast; a longer or slower body is not from a gateway. */
const maxBodyLength = 1000;
const maxWaitMs = 1000;

/** Reports the response to a rejected upgrade, then ends the attempt as `ws` does without a listener. */
export function onRefusal(socket: WebSocket, onReason: (reason: string) => void): void {
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
      // A proxy redirects a prefix without the trailing slash to the one with it.
      const reason = headers.location === undefined ? detailIn(body) : ` (moved to ${withoutQuery(headers.location)})`;
      onReason(`Unexpected server response: ${statusCode}${reason}`);
      socket.terminate();
    });
  });
}

/** A proxy repeats the query, which may contain a token. */
function withoutQuery(address: string): string {
  return address.replace(/\?.*/s, '');
}

/** The gateway's `detail` in parentheses; empty if another server responded. */
function detailIn(body: string): string {
  try {
    const { detail } = JSON.parse(body) as { detail?: unknown };
    return typeof detail === 'string' ? ` (${detail})` : '';
  } catch {
    return '';
  }
}
