/** Parses the address given with `--url`, and adds a name for the camera. */
import { redactAddress } from '../camera/redact.ts';
import { streamUrl } from '../client/stream-url.ts';
import { ConfigError } from '../errors.ts';

/**
 * Accepts what the client library accepts, and `host:port`.
 * @throws ConfigError with one line for an invalid address.
 */
export function streamUrlOf(text: string, pipeline: string): URL {
  const withScheme = /^[a-z]+:\/\//i.test(text) ? text : `ws://${text}`;
  if (!URL.canParse(withScheme)) throw new ConfigError([`--url "${redactAddress(text)}" is not an address`]);
  if (!/^(?:ws|http)s?:/i.test(withScheme))
    throw new ConfigError([`--url "${redactAddress(text)}" must be ws:// or wss://`]);
  return streamUrl(withScheme, pipeline);
}

/** The stream's URL with a name for the camera, unless the user has already put one into the address. */
export function withCameraName(url: URL, name: string): URL {
  const named = new URL(url);
  if (!named.searchParams.has('camera')) named.searchParams.set('camera', name);
  return named;
}
