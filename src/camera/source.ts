/** Parses a SOURCE argument into one of four kinds. Main thread of the bridge. */
import { statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { passwordHint } from './password-hint.ts';
import { redactAddress } from './redact.ts';

/** `text` is the address or path for ffmpeg; `shown` is the printable form, without a password. */
export type Source = {
  readonly kind: 'rtsp' | 'http' | 'device' | 'file';
  readonly text: string;
  readonly shown: string;
};

export type ReadSource =
  | { readonly ok: true; readonly source: Source }
  | { readonly ok: false; readonly issue: string };

/** Longer than any path or address; a process accepts no argument of 128 KB. */
const maxSourceLength = 4096;

const kindOfScheme: Readonly<Record<string, 'rtsp' | 'http'>> = {
  rtsp: 'rtsp',
  rtsps: 'rtsp',
  http: 'http',
  https: 'http',
};

/**
 * Parses a SOURCE. Text without a scheme is a path. Files are passed to ffmpeg as `file:` and an absolute path, so that no name
 * can be taken as an option, a protocol (`concat:`) or a pattern.
 */
export function readSource(text: string): ReadSource {
  // A control character would break our printed lines and ffmpeg's.
  if (text === '' || hasControlCharacter(text)) return { ok: false, issue: 'source must be printable text' };
  if (text.length > maxSourceLength) return { ok: false, issue: `source is longer than ${maxSourceLength} characters` };
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme !== undefined) return readAddress(text, scheme);
  if (text.startsWith('/dev/')) return { ok: true, source: { kind: 'device', text, shown: text } };
  return readFile(text);
}

function readAddress(text: string, scheme: string): ReadSource {
  const shown = redactAddress(text);
  const kind = kindOfScheme[scheme];
  if (kind === undefined) {
    return {
      ok: false,
      issue: `${shown}: unsupported scheme; expected rtsp, rtsps, http, https, a device such as /dev/video0, or a file`,
    };
  }
  const hint = passwordHint(text);
  if (hint?.isCertain) return { ok: false, issue: `${shown} is not a valid address: ${hint.text}` };
  if (!URL.canParse(text) || new URL(text).hostname === '')
    return { ok: false, issue: `${shown} is not a valid address` };
  return { ok: true, source: { kind, text, shown } };
}

function readFile(text: string): ReadSource {
  const path = resolve(text);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return { ok: false, issue: `${text} does not exist` };
  if (!stats.isFile()) return { ok: false, issue: `${text} is not a file` };
  return { ok: true, source: { kind: 'file', text: path, shown: text } };
}

function hasControlCharacter(text: string): boolean {
  return [...text].some((character) => character < ' ' || character === '\x7f');
}

/** A short name: the host or the file. Never a part of an address that may hold a password, as even its path can. */
export function nameOfSource({ kind, text }: Source): string {
  if (kind === 'file') return basename(text);
  return kind === 'device' ? text : new URL(text).host;
}

/** A lost live source is reconnected; a file ends. */
export function isLive(source: Source): boolean {
  return source.kind !== 'file';
}
