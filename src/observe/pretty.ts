/** Formats a log line for a person at a terminal. Pure. */
import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** pino's level numbers: name, padded to the same width, and color. */
const levelStyles: Readonly<Record<number, readonly [name: string, style: Style]>> = {
  10: ['TRACE', 'gray'],
  20: ['DEBUG', 'gray'],
  30: ['INFO ', 'green'],
  40: ['WARN ', 'yellow'],
  50: ['ERROR', 'red'],
  60: ['FATAL', ['bold', 'red']],
};

/** Text that needs no quotes as a value. */
const plainValue = /^[^\s"=\\]+$/;

/** An error as pino writes it. */
interface LoggedError {
  readonly message?: string;
  readonly stack?: string;
}

/**
 * @param line a line of JSON as the log writes it.
 * @param color whether to use escape sequences for colors.
 * @returns `20:41:03.123 INFO  session opened camera=gate event=stream_connect`, and an error's stack below it, with line breaks.
 */
export function prettyLine(line: string, color: boolean): string {
  const paint = (style: Style, text: string) => (color ? styleText(style, text, { validateStream: false }) : text);
  const { level, time, event, msg, err, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const [name, style] = levelStyles[Number(level)] ?? ['     ', 'gray'];
  const values = Object.entries({ ...fields, event }).map(
    ([key, value]) => `${paint('gray', `${visible(key)}=`)}${visible(textOf(value))}`,
  );
  const head = [paint('gray', clockTime(String(time))), paint(style, name), paint('bold', visible(String(msg)))];
  const stack = stackOf(err).map((text) => `\n    ${visible(text)}`);
  return `${[...head, ...values].join(' ')}${stack.join('')}\n`;
}

/** Local time of day. */
function clockTime(iso: string): string {
  const date = new Date(iso);
  const pad = (value: number, digits: number) => String(value).padStart(digits, '0');
  const seconds = [date.getHours(), date.getMinutes(), date.getSeconds()].map((value) => pad(value, 2)).join(':');
  return `${seconds}.${pad(date.getMilliseconds(), 3)}`;
}

function textOf(value: unknown): string {
  return typeof value === 'string' && plainValue.test(value) ? value : (JSON.stringify(value) ?? '');
}

function stackOf(error: unknown): string[] {
  if (typeof error !== 'object' || error === null) return [];
  const { stack, message } = error as LoggedError;
  return (stack ?? message ?? '').split('\n').filter((text) => text !== '');
}

/**
 * Escapes control characters, among them escape sequences and bidirectional overrides: peers choose some of the values. The two joiners
 * (U+200C, U+200D) stay, since they only connect letters and emoji.
 */
function visible(text: string): string {
  return text.replace(/[^\P{C}\u200c\u200d]|[\u2028\u2029]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u{${code.toString(16)}}`;
  });
}
