/** Finds the token in a request, and the subprotocol to reply with. Pure. */

/** The subprotocol of the gateway; browsers need one in the reply if they offer any. */
const subprotocol = 'framegate';
/** A browser can set no header on a WebSocket, except for the subprotocols that it offers. */
const tokenSubprotocol = 'framegate.token.';

/** Where a token may be in a request. */
export interface Credentials {
  readonly authorization: string;
  /** `Sec-WebSocket-Protocol`. */
  readonly subprotocols: string;
  /** The query parameter `token`. */
  readonly queryToken: string;
}

/** The strongest credential counts. Other schemes than `Bearer` are for a proxy in front of the gateway. */
export function tokenOf({ authorization, subprotocols, queryToken }: Credentials): string | undefined {
  const [, bearer] = /^bearer +(\S+)\s*$/i.exec(authorization) ?? [];
  const offered = listOf(subprotocols).find((name) => name.startsWith(tokenSubprotocol));
  return bearer ?? offered?.slice(tokenSubprotocol.length) ?? (queryToken === '' ? undefined : queryToken);
}

/** The subprotocol of the reply: `framegate` if it is offered, else the first one, but never the token. */
export function replySubprotocol(subprotocols: string): string {
  const names = listOf(subprotocols).filter((name) => !name.startsWith(tokenSubprotocol));
  return names.find((name) => name === subprotocol) ?? names[0] ?? '';
}

function listOf(subprotocols: string): string[] {
  return subprotocols.split(',').map((name) => name.trim());
}
