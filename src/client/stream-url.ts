/** Derives the stream URL from a gateway's address. Browser and Node. */
import { streamPath } from '../protocol.ts';

/**
 * The stream's path is appended to an address that ends with `/`; any other path is used as is. This works behind a proxy prefix
 * (`wss://host/gate/`), and the full address of the stream works too, with or without a trailing slash.
 * @param camera name of the camera, for whoever runs the gateway; without one, that of the address is kept.
 * @param address a `ws:`, `wss:`, `http:` or `https:` URL; other query parameters are kept.
 * @throws TypeError for anything else.
 */
export function streamUrl(address: string | URL, pipeline: string, camera?: string): URL {
  const url = new URL(address);
  url.protocol = url.protocol.replace('http', 'ws');
  if (!/^wss?:$/.test(url.protocol)) throw new TypeError(`${url.protocol} is not ws: or wss:`);
  const { pathname } = url;
  if (pathname.endsWith('/') && !pathname.endsWith(`${streamPath}/`)) url.pathname = pathname.slice(0, -1) + streamPath;
  url.searchParams.set('pipeline_id', pipeline);
  if (camera !== undefined) url.searchParams.set('camera', camera);
  // A fragment is never sent to the server, and `ws` rejects it.
  url.hash = '';
  return url;
}
