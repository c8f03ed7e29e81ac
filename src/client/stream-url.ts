/** Where the stream of a gateway is, from the address that somebody was given. Browser and Node. */
import { streamPath } from '../protocol.ts';

/**
 * An address that ends with `/` is a base, to which the stream's path is added; one with another path is taken as it is. So a gateway is
 * found behind a prefix of its proxy (`wss://host/gate/`), and the whole address of the stream works too, with a slash behind it or without.
 * @param address of `ws:`, `wss:`, `http:` or `https:`; other query parameters stay.
 * @throws TypeError for anything else.
 */
export function streamUrl(address: string | URL, pipeline: string): URL {
  const url = new URL(address);
  url.protocol = url.protocol.replace('http', 'ws');
  if (!/^wss?:$/.test(url.protocol)) throw new TypeError(`${address} is not an address of ws:// or wss://`);
  const { pathname } = url;
  if (pathname.endsWith('/') && !pathname.endsWith(`${streamPath}/`)) url.pathname = pathname.slice(0, -1) + streamPath;
  url.searchParams.set('pipeline_id', pipeline);
  // A fragment never leaves the client, and `ws` refuses it.
  url.hash = '';
  return url;
}
