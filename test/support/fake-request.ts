/** A request as uWebSockets.js passes it to a handler, built from its lines. Tests only. */
import type { HttpRequest } from '../../src/server/uws.ts';

type Shown = Pick<
  HttpRequest,
  'getUrl' | 'getMethod' | 'getCaseSensitiveMethod' | 'getHeader' | 'getQuery' | 'forEach' | 'setYield'
>;

/** @param headers lines such as `name: value`, names in lower case as in uWebSockets.js. */
export function fakeRequest(line: string, headers: readonly string[]): HttpRequest & { readonly hasYielded: boolean } {
  const [method = '', address = ''] = line.split(' ');
  const url = new URL(address, 'http://gate');
  const pairs = headers.map((header) => header.split(/:\s*/) as [name: string, value: string]);
  const request: Shown & { hasYielded: boolean } = {
    hasYielded: false,
    getUrl: () => address.split('?')[0] ?? '',
    getMethod: () => method.toLowerCase(),
    getCaseSensitiveMethod: () => method,
    getHeader: (requested) => pairs.find(([name]) => name === requested)?.[1] ?? '',
    getQuery: (key?: string) => (key === undefined ? url.search : (url.searchParams.get(key) ?? undefined)) as string,
    forEach: (visit) => {
      for (const [name, value] of pairs) visit(name, value);
    },
    setYield: (yields) => {
      request.hasYielded = yields;
      return request as unknown as HttpRequest;
    },
  };
  return request as unknown as HttpRequest & { readonly hasYielded: boolean };
}
