/** Makes one line of what ffmpeg said before it ended, and tells whether trying again could help. Pure. */
import { passwordHint } from './password-hint.ts';
import { tooLargeWords } from './picture-limits.ts';
import { redactSecretsOf } from './redact.ts';
import type { Source } from './source.ts';

export interface LastWords {
  readonly detail: string;
  /**
   * `never`: the next attempt would be the same, or would lock an account; `rarely`: it is no video as it seems, though a
   * device that is starting may look so for a moment; `likely`: the network, the power, the other side.
   */
  readonly healing: 'never' | 'rarely' | 'likely';
}

interface Known {
  readonly pattern: RegExp;
  /** In place of ffmpeg's words, where these explain nothing. */
  readonly detail?: string;
  readonly healing: LastWords['healing'];
  /** It may come from a password that broke the address. */
  readonly isOfAddress?: boolean;
}

const noVideo = 'it is no video, or one in a format that is not taken';

/** The first that matches any line counts: causes stand before what follows from them. */
const known: readonly Known[] = [
  {
    pattern: /401 Unauthorized|\b401\b.*authoriz/i,
    detail: '401 Unauthorized: user or password is wrong',
    healing: 'never',
  },
  { pattern: /403 Forbidden/i, detail: '403 Forbidden: the user may not see this stream', healing: 'never' },
  {
    pattern: /Server returned 404|404 \(?Not Found|404 Stream Not Found/i,
    detail: '404 Not Found: no such stream',
    healing: 'likely',
  },
  {
    pattern: /Failed to resolve hostname ([^:]+)/i,
    detail: 'the host has no address (is its name right?)',
    healing: 'likely',
    isOfAddress: true,
  },
  { pattern: /Connection refused/i, detail: 'Connection refused', healing: 'likely' },
  {
    pattern: /No route to host|Network is unreachable|Host is unreachable/i,
    detail: 'No route to host',
    healing: 'likely',
  },
  { pattern: /Connection timed out|Operation timed out/i, detail: 'Connection timed out', healing: 'likely' },
  {
    pattern: /Device or resource busy/i,
    detail: 'Device or resource busy: another program has it open',
    healing: 'likely',
  },
  {
    pattern: /Permission denied/i,
    detail: 'Permission denied (for a camera: is the user in the group video?)',
    healing: 'likely',
  },
  { pattern: /Inappropriate ioctl|Not a video capture device/i, detail: 'it is no video device', healing: 'never' },
  { pattern: /No such device/i, detail: 'No such device: was it unplugged?', healing: 'likely' },
  { pattern: /No such file or directory/i, detail: 'No such file or directory', healing: 'likely' },
  {
    pattern: /Unknown input format: 'v4l2'/i,
    detail: 'this ffmpeg has no V4L2; devices are for Linux',
    healing: 'never',
  },
  {
    pattern: /Format not on whitelist|matches no streams|Invalid data found|moov atom not found/i,
    detail: noVideo,
    healing: 'rarely',
  },
  {
    pattern: /Picture size \S+ exceeds|max_pixels|picture size .*invalid/i,
    detail: tooLargeWords,
    healing: 'rarely',
  },
  {
    pattern: /Protocol not found|not on whitelist/i,
    detail: 'it refers to an address of a kind that is not taken',
    healing: 'never',
  },
];

/** So long a line is ffmpeg's, or a server's that wants to be a nuisance. */
const maxDetailLength = 160;

/** How a program ended. */
export interface ProgramEnd {
  readonly program: 'ffmpeg' | 'ffprobe';
  /** `undefined`: it was ended by a signal. */
  readonly code: number | undefined;
}

/**
 * Reads the last lines of ffmpeg's standard error.
 * @param lines oldest first. Passwords of the source are taken out of what is returned.
 * @returns words that are never empty: where it said nothing that can be shown, how it ended.
 */
export function lastWordsOf(lines: readonly string[], source: Source, end: ProgramEnd): LastWords {
  for (const { pattern, detail, healing, isOfAddress = false } of known) {
    const line = lines.find((text) => pattern.test(text));
    if (line === undefined) continue;
    const hint = isOfAddress ? passwordHint(source.text)?.text : undefined;
    const words = detail ?? (tidy(line, source) || describeEnd(end));
    return { detail: hint === undefined ? words : `${words}; ${hint}`, healing };
  }
  const said = lines.filter((line) => /\[(error|fatal|panic)\]/.test(line)).map((line) => tidy(line, source));
  return { detail: said.findLast((words) => words !== '') ?? describeEnd(end), healing: 'likely' };
}

function describeEnd({ program, code }: ProgramEnd): string {
  if (code === 0) return 'the stream ended';
  return code === undefined ? `${program} was ended by a signal` : `${program} ended with code ${code}`;
}

/** Without `[rtsp @ 0x5634]`, `[error]`, the address, control characters and passwords. @returns '' where no word is left. */
function tidy(line: string, source: Source): string {
  const bare = line.replace(/\[[^\]]* @ 0x[0-9a-f]+\] ?/g, '').replace(/\[\w+\] ?/, '');
  const withoutAddress = bare.replace(`file:${source.text}: `, '').replace(`${source.text}: `, '');
  const clean = [...redactSecretsOf(source.text, withoutAddress)]
    .filter((character) => character >= ' ')
    .join('')
    .trim();
  if (!/[\p{L}\p{N}]/u.test(clean)) return '';
  return clean.length > maxDetailLength ? `${clean.slice(0, maxDetailLength)}…` : clean;
}
