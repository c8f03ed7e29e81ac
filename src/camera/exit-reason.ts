/** Summarizes ffmpeg's last log lines in one line, and decides whether a retry can help. Pure. */

import { tooLargeDetail } from './frame-limits.ts';
import { passwordHint } from './password-hint.ts';
import { redactSecretsOf } from './redact.ts';
import type { Source } from './source.ts';

export interface ExitReason {
  readonly detail: string;
  /**
   * `no`: the next attempt would fail the same way, or would lock an account; `limited`: it does not look like a video, although
   * a device that is starting may look like that briefly; `yes`: a problem of the network, the power or the peer.
   */
  readonly retryable: 'no' | 'limited' | 'yes';
}

interface Known {
  readonly pattern: RegExp;
  /** Replaces ffmpeg's own text if that explains nothing. */
  readonly detail?: string;
  readonly retryable: ExitReason['retryable'];
  /** The cause may be an unencoded password in the address. */
  readonly isOfAddress?: boolean;
}

const notVideo = 'not a video, or an unsupported format';

/** The first entry that matches any line wins: causes come before their consequences. */
const known: readonly Known[] = [
  {
    pattern: /401 Unauthorized|\b401\b.*authoriz/i,
    detail: '401 Unauthorized: wrong user name or password',
    retryable: 'no',
  },
  { pattern: /403 Forbidden/i, detail: '403 Forbidden: the user has no access to this stream', retryable: 'no' },
  {
    pattern: /Server returned 404|404 \(?Not Found|404 Stream Not Found/i,
    detail: '404 Not Found: no such stream',
    retryable: 'yes',
  },
  {
    pattern: /Failed to resolve hostname ([^:]+)/i,
    detail: 'host name cannot be resolved; check the spelling',
    retryable: 'yes',
    isOfAddress: true,
  },
  { pattern: /Connection refused/i, detail: 'Connection refused', retryable: 'yes' },
  {
    pattern: /No route to host|Network is unreachable|Host is unreachable/i,
    detail: 'No route to host',
    retryable: 'yes',
  },
  { pattern: /Connection timed out|Operation timed out/i, detail: 'Connection timed out', retryable: 'yes' },
  {
    pattern: /Device or resource busy/i,
    detail: 'Device or resource busy: another program is using it',
    retryable: 'yes',
  },
  {
    pattern: /Permission denied/i,
    detail: 'Permission denied; for a device, add the user to the group "video"',
    retryable: 'yes',
  },
  { pattern: /Inappropriate ioctl|Not a video capture device/i, detail: 'not a video device', retryable: 'no' },
  { pattern: /No such device/i, detail: 'No such device: was it unplugged?', retryable: 'yes' },
  { pattern: /No such file or directory/i, detail: 'No such file or directory', retryable: 'yes' },
  {
    pattern: /Unknown input format: 'v4l2'/i,
    detail: 'this ffmpeg has no V4L2 support; devices work on Linux only',
    retryable: 'no',
  },
  {
    pattern: /Format not on whitelist|matches no streams|Invalid data found|moov atom not found/i,
    detail: notVideo,
    retryable: 'limited',
  },
  {
    pattern: /Picture size \S+ exceeds|max_pixels|picture size .*invalid/i,
    detail: tooLargeDetail,
    retryable: 'limited',
  },
  {
    pattern: /Protocol not found|not on whitelist/i,
    detail: 'refers to an unsupported protocol',
    retryable: 'no',
  },
];

/** Longer lines are cut: a server's text may be part of them. */
const maxDetailLength = 160;

/** How a program exited. */
export interface ProgramEnd {
  readonly program: 'ffmpeg' | 'ffprobe';
  /** `undefined`: killed by a signal. */
  readonly code: number | undefined;
}

/**
 * Interprets the last lines of ffmpeg's standard error.
 * @param lines oldest first.
 * @returns a `detail` that is never empty, and without the source's passwords. If no line can be shown, it describes the exit.
 */
export function exitReasonOf(lines: readonly string[], source: Source, end: ProgramEnd): ExitReason {
  for (const { pattern, detail, retryable, isOfAddress = false } of known) {
    const line = lines.find((text) => pattern.test(text));
    if (line === undefined) continue;
    const hint = isOfAddress ? passwordHint(source.text)?.text : undefined;
    const text = detail ?? (cleanLine(line, source) || describeExit(end));
    return { detail: hint === undefined ? text : `${text}; ${hint}`, retryable };
  }
  const errors = lines.filter((line) => /\[(error|fatal|panic)\]/.test(line)).map((line) => cleanLine(line, source));
  return { detail: errors.findLast((text) => text !== '') ?? describeExit(end), retryable: 'yes' };
}

function describeExit({ program, code }: ProgramEnd): string {
  if (code === 0) return 'stream ended';
  return code === undefined ? `${program} was killed by a signal` : `${program} exited with code ${code}`;
}

/** Removes `[rtsp @ 0x5634]`, `[error]`, the address, control characters and passwords. @returns '' if no text is left. */
function cleanLine(line: string, source: Source): string {
  const bare = line.replace(/\[[^\]]* @ 0x[0-9a-f]+\] ?/g, '').replace(/\[\w+\] ?/, '');
  const withoutAddress = bare.replace(`file:${source.text}: `, '').replace(`${source.text}: `, '');
  const clean = [...redactSecretsOf(source.text, withoutAddress)]
    .filter((character) => character >= ' ')
    .join('')
    .trim();
  if (!/[\p{L}\p{N}]/u.test(clean)) return '';
  return clean.length > maxDetailLength ? `${clean.slice(0, maxDetailLength)}…` : clean;
}
