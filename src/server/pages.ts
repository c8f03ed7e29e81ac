/** Serves the console's files: read once at startup, available under their exact path only. Runs on the loop. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { posix } from 'node:path';
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

const scriptType = 'text/javascript; charset=utf-8';

type ServedFile = readonly [address: string, file: string, type: string];

/** Files other than scripts, by URL path. Scripts are found by following the imports of the entry. */
const files: readonly ServedFile[] = [
  ['/', 'web/index.html', 'text/html; charset=utf-8'],
  ...['theme', 'page', 'viewer', 'controls', 'measurements', 'results', 'reference', 'layout'].map(styleSheet),
  ['/web/favicon.svg', 'web/favicon.svg', 'image/svg+xml'],
];
const entry = 'web/main.js';

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

/** An import or re-export at the start of a line, as formatted by Biome. */
const importPattern = /^(?:import|export)\b[^;'"]*?(?:\bfrom\s*)?['"](\.[^'"]+)['"]/gm;

/** When run from source, the scripts are TypeScript. */
const isSource = import.meta.url.endsWith('.ts');
const root = new URL('../', import.meta.url);

/**
 * Reads the page, its styles, and all scripts that it imports directly or indirectly.
 * @throws ConfigError if a file of the installation is missing.
 */
export function loadPages(): Pages {
  const pages = new Map<string, Page>();
  for (const [address, file, type] of files) pages.set(address, pageOf(read(file), type));
  const scripts = [entry];
  for (const file of scripts) {
    const script = readScript(file);
    pages.set(`/${file}`, pageOf(script, scriptType));
    for (const [, specifier = ''] of script.matchAll(importPattern)) {
      const imported = posix.join(posix.dirname(file), specifier);
      if (!scripts.includes(imported)) scripts.push(imported);
    }
  }
  return pages;
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

function styleSheet(name: string): ServedFile {
  return [`/web/styles/${name}.css`, `web/styles/${name}.css`, 'text/css; charset=utf-8'];
}

function pageOf(text: string, type: string): Page {
  const bytes = Buffer.from(text);
  return { type, bytes, etag: `"${createHash('sha256').update(bytes).digest('base64url')}"` };
}

/** A script for the browser: without types, and with imports named after the built files. */
function readScript(file: string): string {
  if (!isSource) return read(file);
  const script = stripTypes(read(file.replace(/\.js$/, '.ts')));
  return script.replaceAll(importPattern, (statement) => statement.replace(/\.ts(['"])$/, '.js$1'));
}

/** Hides Node's experimental warning, which would appear on every start from source. */
function stripTypes(source: string): string {
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    return nodeModule.stripTypeScriptTypes(source);
  } finally {
    process.emitWarning = emitWarning;
  }
}

function read(file: string): string {
  try {
    return readFileSync(new URL(file, root), 'utf8');
  } catch (cause) {
    throw new ConfigError([`console file ${file} is missing; run "make build"`], { cause });
  }
}
