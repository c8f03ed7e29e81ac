/** The address of `--url`, as people write it. */
import { streamUrl } from '../client/stream-url.ts';
import { ConfigError } from '../errors.ts';

/**
 * Takes what the client library takes, and `host:port`.
 * @throws ConfigError in one line for what is no address.
 */
export function streamUrlOf(text: string, pipeline: string): URL {
  const withScheme = /^[a-z]+:\/\//i.test(text) ? text : `ws://${text}`;
  if (!URL.canParse(withScheme)) throw new ConfigError([`--url "${text}" is not an address`]);
  if (!/^(?:ws|http)s?:/i.test(withScheme)) throw new ConfigError([`--url "${text}" must be ws:// or wss://`]);
  return streamUrl(withScheme, pipeline);
}
