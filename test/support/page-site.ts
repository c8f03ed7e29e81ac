/** Serves the console's files from a fake server, for tests of rare gateway behavior. Tests only. */
import type { RequestListener } from 'node:http';
import { loadPages } from '../../src/server/pages.ts';

const pages = loadPages();
const pipelines = JSON.stringify({ pipelines: [{ id: 'test', name: 'test', description: 'For tests.' }] });

export const serveConsole: RequestListener = (request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  const page = pages.get(pathname);
  if (pathname === '/pipelines') response.setHeader('content-type', 'application/json').end(pipelines);
  else if (page === undefined) response.writeHead(404).end();
  else response.setHeader('content-type', page.type).end(page.bytes);
};
