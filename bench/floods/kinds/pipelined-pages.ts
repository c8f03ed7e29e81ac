/** Sockets that pipeline 111,111 requests and read no responses. */
import type { Socket } from 'node:net';
import { type Flood, scaled, type Target } from '../flood.ts';
import { closeAll, connected, dial } from '../wire.ts';

const requestsPerSocket = 111_111;
const manySockets = 50;
/** Lengths of an extra header: the request length determines where a read splits a request. */
const extraBytes = [0, 8, 16, 24, 32, 45, 60];

const kilobytes = (bytes: number) => Math.round(bytes / 1024);

type MakeRequest = (target: Target) => string | Promise<string>;

const requestOf = (line: string, headers: readonly string[] = []) =>
  `${[`${line} HTTP/1.1`, 'Host: 127.0.0.1', ...headers].join('\r\n')}\r\n\r\n`;

function pipelined(variant: string, what: string, make: MakeRequest, sockets = 1): Flood {
  return {
    name: `pipelined-pages/${variant}`,
    about: `${sockets} x ${requestsPerSocket.toLocaleString('en')} ${what} pipelined, responses not read`,
    start: async (target) => {
      const requests = Buffer.from((await make(target)).repeat(scaled(target, requestsPerSocket)));
      const open: Socket[] = Array.from({ length: scaled(target, sockets) }, (_, n) => dial(target, n));
      await Promise.all(open.map(connected));
      for (const socket of open) {
        socket.pause();
        socket.write(requests);
      }
      return {
        stop: () => {
          const unsent = open.reduce((sum, { writableLength }) => sum + writableLength, 0);
          closeAll(open);
          return {
            sockets: open.length,
            kilobytes_asked: kilobytes(requests.length * open.length),
            kilobytes_unsent: kilobytes(unsent),
          };
        },
      };
    },
  };
}

/** A conditional request with the page's current ETag. */
async function conditional({ host, port }: Target): Promise<string> {
  const page = await fetch(`http://${host}:${port}/`, { headers: { connection: 'close' } });
  return requestOf('GET /', [`If-None-Match: ${page.headers.get('etag')}`]);
}

export const pipelinedPages: readonly Flood[] = [
  ...extraBytes.map((extra) =>
    pipelined(`get-${extra}`, `GET / with ${extra} extra bytes`, () =>
      requestOf('GET /', extra === 0 ? [] : [`X: ${'x'.repeat(extra)}`]),
    ),
  ),
  pipelined('healthz', 'GET /healthz', () => requestOf('GET /healthz')),
  pipelined('head', 'HEAD /', () => requestOf('HEAD /')),
  pipelined('not-modified', 'GET / with its ETag', conditional),
  pipelined('many', 'GET /', () => requestOf('GET /'), manySockets),
];
