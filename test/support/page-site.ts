/** Serves the console's files from a fake server, for tests of rare gateway behavior. Tests only. */
import type { RequestListener } from 'node:http';
import { loadPages } from '../../src/server/pages.ts';
import './fresh-page.ts';

const pages = loadPages();
/** As the gateway replies to `/readyz`. */
const readiness = JSON.stringify({
  ...{ ready: true, degraded: false, draining: false, version: '0.0.0', generation: 1 },
  pool: { size: 1, ready: 1, sessions: 1 },
  setups: [{ workers: 1, decoder: 'jpeg-turbo', models: [] }],
});
/** The zones of the pipeline `scene`. */
export const servedZones = [
  {
    name: 'yard',
    area: [
      [0.1, 0.1],
      [0.5, 0.1],
      [0.5, 0.5],
      [0.1, 0.5],
    ],
    dwell_ms: 5000,
    labels: ['car'],
  },
  {
    name: 'gate',
    line: [
      [0.2, 0.8],
      [0.8, 0.8],
    ],
  },
];
const pipelines = JSON.stringify({
  pipelines: [
    { id: 'test', name: 'test', description: 'For tests.', loaded: true },
    { id: 'other', name: 'other', description: 'Loaded on first use.', loaded: false },
    { id: 'scene', name: 'scene', description: 'With zones.', loaded: true, zones: servedZones },
  ],
});

export const serveConsole: RequestListener = (request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  const page = pages.get(pathname);
  if (pathname === '/pipelines') response.setHeader('content-type', 'application/json').end(pipelines);
  else if (pathname === '/readyz') response.setHeader('content-type', 'application/json').end(readiness);
  else if (page === undefined) response.writeHead(404).end();
  else response.setHeader('content-type', page.type).end(page.bytes);
};
