/** Unescapes Python string literals as `repr` and `str(dict)` write them. Pure. */

/** Single-character escapes; a backslash before a line break joins the two lines. */
const shortEscapes: ReadonlyMap<string, string> = new Map([
  ['\n', ''],
  ['\\', '\\'],
  ["'", "'"],
  ['"', '"'],
  ['a', '\x07'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
]);

const maxCodePoint = 0x10ffff;

const escapeSequence = /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{1,3})|([\s\S]))/g;

/**
 * Replaces escape sequences as Python does (Python Language Reference, 2.4.1.1). Unknown sequences stay as they are, including the
 * backslash; so does `\N{…}`, which `repr` never writes.
 * @param text the text between the quotes.
 */
export function unescapePython(text: string): string {
  return text.replace(escapeSequence, (whole, x, u, U, octal, other) => {
    const hex: string | undefined = x ?? u ?? U;
    if (hex === undefined && octal === undefined) return shortEscapes.get(other) ?? whole;
    const code = hex === undefined ? Number.parseInt(octal, 8) : Number.parseInt(hex, 16);
    return code > maxCodePoint ? whole : String.fromCodePoint(code);
  });
}
