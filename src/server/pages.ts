/** Serves the console's files: read once at startup, available under their exact path only. Runs on the loop. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ConfigError } from '../errors.ts';
import { respond } from './respond.ts';
import type { HttpRequest, HttpResponse } from './uws.ts';

/** One file in memory, with its response headers. */
export interface Page {
  readonly type: string;
  readonly bytes: Uint8Array;
  readonly etag: string;
}

/** Pages by URL path. */
export type Pages = ReadonlyMap<string, Page>;

/** The files that `npm run build:page` writes, by URL path. */
const files: readonly (readonly [address: string, file: string, type: string])[] = [
  ['/', 'index.html', 'text/html; charset=utf-8'],
  ['/cameras', 'cameras.html', 'text/html; charset=utf-8'],
  ['/web/cameras.js', 'cameras.js', 'text/javascript; charset=utf-8'],
  ['/web/main.js', 'main.js', 'text/javascript; charset=utf-8'],
  ['/web/main.css', 'main.css', 'text/css; charset=utf-8'],
  ['/web/favicon.svg', 'favicon.svg', 'image/svg+xml'],
];

/** The same folder from `src` and from `dist`: a gateway that runs from source serves the built page too. */
const builtPage = new URL('../../dist/web/', import.meta.url);

/** The page needs only its own files, a socket to its own host, and images that it creates itself. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "media-src 'self' blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const headers: readonly [name: string, value: string][] = [
  ['Cache-Control', 'no-cache'],
  ['Content-Security-Policy', contentSecurityPolicy],
  ['X-Content-Type-Options', 'nosniff'],
  ['Referrer-Policy', 'no-referrer'],
  ['Permissions-Policy', 'camera=(self), microphone=()'],
];

/**
 * Reads the built page.
 * @throws ConfigError if a file of the installation is missing.
 */
export function loadPages(folder: URL = builtPage): Pages {
  return new Map(files.map(([address, file, type]) => [address, pageOf(read(new URL(file, folder)), type)]));
}

/** Replies to GET and HEAD, with 304 if the browser already has the same bytes. */
export function writePage(response: HttpResponse, request: HttpRequest, { type, bytes, etag }: Page): void {
  const isKnown = request.getHeader('if-none-match').includes(etag);
  respond(response, {
    status: isKnown ? '304 Not Modified' : '200 OK',
    headers: [...(isKnown ? [] : [['Content-Type', type] as const]), ['ETag', etag], ...headers],
    body: bytes,
    omitBody: isKnown || request.getMethod() === 'head',
  });
}

function pageOf(bytes: Uint8Array, type: string): Page {
  return { type, bytes, etag: `"${createHash('sha256').update(bytes).digest('base64url')}"` };
}

function read(file: URL): Uint8Array {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new ConfigError([`console file ${fileURLToPath(file)} is missing; run "make build"`], { cause });
  }
}
