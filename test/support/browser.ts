/** Opens a page in the installed Chromium and waits for the report that the page posts. Tests only. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Full browsers: a headless shell has no camera permission prompt and no page visibility. */
const browserNames = ['chromium', 'chromium-browser', 'google-chrome'];
/** Timeout of a page, generous for a busy machine. */
const maxPageMs = 120_000;

/** Path of Chromium, from the environment variable `CHROMIUM` or from PATH; undefined if there is none. */
export function findChromium(): string | undefined {
  const { CHROMIUM, PATH = '' } = process.env;
  if (CHROMIUM !== undefined) return CHROMIUM;
  return PATH.split(delimiter)
    .flatMap((folder) => browserNames.map((name) => join(folder, name)))
    .find((path) => existsSync(path));
}

/** Keep the browser quiet and offline, with a fake camera. */
const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--use-fake-device-for-media-stream=fps=30',
  '--use-fake-ui-for-media-stream',
];

/** Content by path; `/` is the page itself. */
export type Site = (path: string) => string | Buffer | undefined;

/** Builds a page with one script of `test/browser/page`. */
export async function buildSite(script: string): Promise<Site> {
  const entry = fileURLToPath(new URL(`../browser/page/${script}`, import.meta.url));
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, write: false, format: 'esm' });
  const page = '<!doctype html><script type="module" src="/page.js"></script>';
  return (path) => (path === '/' ? page : path === '/page.js' ? outputFiles[0]?.text : undefined);
}

/**
 * Serves a site, opens it and waits until it posts JSON to `/reports`.
 * @throws Error with the browser's log if it exits first.
 */
export async function openPage(browser: string, site: Site, query: Record<string, string> = {}): Promise<unknown> {
  const profile = mkdtempSync(join(tmpdir(), 'framegate-browser-'));
  let posted: (body: string) => void = () => undefined;
  const report = new Promise<string>((resolve) => {
    posted = resolve;
  });
  const server = createServer((request, response) => {
    if (request.method === 'POST') text(request).then(posted);
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const body = site(pathname);
    response.statusCode = body === undefined ? 404 : 200;
    response.setHeader('content-type', pathname.endsWith('.js') ? 'text/javascript' : 'text/html');
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/?${new URLSearchParams(query)}`;
  const child = spawn(browser, [...flags, `--user-data-dir=${profile}`, '--remote-debugging-port=0', address]);
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    log += piece;
  });
  const ended = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('close', () => reject(new Error(`the browser exited:\n${log}`)));
    setTimeout(() => reject(new Error(`no report from the page:\n${log}`)), maxPageMs).unref();
  });
  try {
    return JSON.parse(await Promise.race([report, ended])) as unknown;
  } finally {
    child.kill('SIGKILL');
    await ended.catch(() => undefined);
    server.closeAllConnections();
    server.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
