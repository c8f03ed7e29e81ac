/** Reads what matters for authorization from a request, and turns a denial into a reply. Runs on the loop. */
import type { AccessRequest, Denial } from '../auth/authorize.ts';
import { streamErrors } from '../errors.ts';
import { encodeError } from '../protocol.ts';
import { jsonReply, type Reply, retryLater } from './respond.ts';
import type { HttpRequest } from './uws.ts';

/** A request is valid only during its handler, and a JWT takes longer. */
export function accessRequestOf(request: HttpRequest): AccessRequest {
  return {
    host: request.getHeader('host'),
    origin: request.getHeader('origin'),
    authorization: request.getHeader('authorization'),
    subprotocols: request.getHeader('sec-websocket-protocol'),
    queryToken: request.getQuery('token') ?? '',
  };
}

const statuses = {
  unauthorized: '401 Unauthorized',
  forbidden: '403 Forbidden',
  server_busy: '503 Service Unavailable',
} as const satisfies Record<Denial['code'], string>;

/** Required with 401 (RFC 9110, 11.6.1; RFC 6750, 3). */
const challenge = ['WWW-Authenticate', 'Bearer realm="framegate"'] as const;

export function denialReply({ code, detail }: Denial): Reply {
  const headers = code === 'unauthorized' ? [challenge] : code === 'server_busy' ? [retryLater] : [];
  return jsonReply(statuses[code], encodeError(code, detail || streamErrors[code].detail), headers);
}

/** How long a browser may remember the reply to a preflight. */
const preflightMaxAgeS = 600;

/** Lets a page of another site read a reply. @param origin the page, if it may. */
export function corsHeaders(origin: string | undefined): Reply['headers'] {
  if (origin === undefined) return [];
  return [
    ['Access-Control-Allow-Origin', origin],
    ['Access-Control-Expose-Headers', 'Server-Timing, Retry-After'],
    ['Vary', 'Origin'],
  ];
}

/** The reply to a preflight: what a page asks before it sends a request that a form could not send. */
export function preflightReply(origin: string, methods: string): Reply {
  return jsonReply('200 OK', '{}', [
    ...corsHeaders(origin),
    ['Access-Control-Allow-Methods', methods],
    ['Access-Control-Allow-Headers', 'Authorization, Content-Type'],
    ['Access-Control-Max-Age', String(preflightMaxAgeS)],
  ]);
}

/** A reply that also has these headers. */
export function withHeaders(reply: Reply, headers: Reply['headers']): Reply {
  return headers.length === 0 ? reply : { ...reply, headers: [...reply.headers, ...headers] };
}
