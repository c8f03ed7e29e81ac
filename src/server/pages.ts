/** The console's files as they are served: read once at start, reached by their exact path only. Runs on the loop. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { posix } from 'node:path';
import { ConfigError } from '../errors.ts';
import { respond } from './respond.ts';
import type { HttpRequest, HttpResponse } from './uws.ts';

/** One file in memory, with all that is said about it. */
export interface Page {
  readonly type: string;
  readonly bytes: Uint8Array;
  readonly etag: string;
}

/** Pages by the path of their address. */
export type Pages = ReadonlyMap<string, Page>;

const scriptType = 'text/javascript; charset=utf-8';

type ServedFile = readonly [address: string, file: string, type: string];

/** What is not a script, by its address; the scripts follow from what the entry imports. */
const files: readonly ServedFile[] = [
  ['/', 'web/index.html', 'text/html; charset=utf-8'],
  ...['theme', 'page', 'viewer', 'controls', 'measurements', 'layout'].map(styleSheet),
  ['/web/favicon.svg', 'web/favicon.svg', 'image/svg+xml'],
];
const entry = 'web/main.js';

/** The page needs its own files, a socket to its own host, and the pictures that it made itself; nothing else. */
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

/** An import or a re-export at the start of a line, as the project's formatter writes it. */
const importPattern = /^(?:import|export)\b[^;'"]*?(?:\bfrom\s*)?['"](\.[^'"]+)['"]/gm;

/** Run from source, the scripts lie there with their types. */
const isSource = import.meta.url.endsWith('.ts');
const root = new URL('../', import.meta.url);

/**
 * Reads the page, its styles, and the scripts that it imports, by whatever way.
 * @throws ConfigError when a file of the installation is not there.
 */
export function loadPages(): Pages {
  const pages = new Map<string, Page>();
  for (const [address, file, type] of files) pages.set(address, pageOf(read(file), type));
  const waiting = [entry];
  for (const file of waiting) {
    const script = readScript(file);
    pages.set(`/${file}`, pageOf(script, scriptType));
    for (const [, specifier = ''] of script.matchAll(importPattern)) {
      const imported = posix.join(posix.dirname(file), specifier);
      if (!waiting.includes(imported)) waiting.push(imported);
    }
  }
  return pages;
}

/** Answers GET and HEAD: 304 where the browser has the same bytes already. */
export function writePage(response: HttpResponse, request: HttpRequest, { type, bytes, etag }: Page): void {
  const isKnown = request.getHeader('if-none-match').includes(etag);
  respond(response, {
    status: isKnown ? '304 Not Modified' : '200 OK',
    headers: [...(isKnown ? [] : [['Content-Type', type] as const]), ['ETag', etag], ...headers],
    body: bytes,
    isBodiless: isKnown || request.getMethod() === 'head',
  });
}

function styleSheet(name: string): ServedFile {
  return [`/web/styles/${name}.css`, `web/styles/${name}.css`, 'text/css; charset=utf-8'];
}

function pageOf(text: string, type: string): Page {
  const bytes = Buffer.from(text);
  return { type, bytes, etag: `"${createHash('sha256').update(bytes).digest('base64url')}"` };
}

/** A script as a browser takes it: without types, and its imports by the names of the built files. */
function readScript(file: string): string {
  if (!isSource) return read(file);
  const script = stripTypes(read(file.replace(/\.js$/, '.ts')));
  return script.replaceAll(importPattern, (statement) => statement.replace(/\.ts(['"])$/, '.js$1'));
}

/** Node warns that this is new, on every start from source, and whoever starts it can do nothing about it. */
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
    throw new ConfigError([`the console's file ${file} is not there; "make build" writes it`], { cause });
  }
}
