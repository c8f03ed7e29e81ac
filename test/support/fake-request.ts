/** A request as uWebSockets.js passes it to a handler, built from its lines. Tests only. */
import type { HttpRequest } from '../../src/server/uws.ts';

type Shown = Pick<HttpRequest, 'getUrl' | 'getCaseSensitiveMethod' | 'getHeader' | 'forEach'>;

/** @param headers lines such as `name: value`, names in lower case as in uWebSockets.js. */
export function fakeRequest(line: string, headers: readonly string[]): HttpRequest {
  const [method = '', url = ''] = line.split(' ');
  const pairs = headers.map((header) => header.split(/:\s*/) as [name: string, value: string]);
  const request: Shown = {
    getUrl: () => url,
    getCaseSensitiveMethod: () => method,
    getHeader: (requested) => pairs.find(([name]) => name === requested)?.[1] ?? '',
    forEach: (visit) => {
      for (const [name, value] of pairs) visit(name, value);
    },
  };
  return request as HttpRequest;
}
