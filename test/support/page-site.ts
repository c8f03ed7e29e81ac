/** Serves the console's files from a server that is no gateway, for tests of what a gateway hardly ever does. Tests only. */
import type { RequestListener } from 'node:http';
import { loadPages } from '../../src/server/pages.ts';

const pages = loadPages();
const pipelines = JSON.stringify({ pipelines: [{ id: 'test', name: 'test', description: 'Made for a test.' }] });

export const serveConsole: RequestListener = (request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  const page = pages.get(pathname);
  if (pathname === '/pipelines') response.setHeader('content-type', 'application/json').end(pipelines);
  else if (page === undefined) response.writeHead(404).end();
  else response.setHeader('content-type', page.type).end(page.bytes);
};
