/** Reads what stands between the quotes of a Python string, as `repr` and `str(dict)` write it. Pure. */

/** What one character behind a backslash stands for; a line break behind one joins two lines. */
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
 * Replaces escape sequences as Python does (Python Language Reference, 2.4.1.1). What is none to Python stays as it is, its backslash
 * too; so does `\N{…}`, which `repr` never writes.
 */
export function unescapePython(text: string): string {
  return text.replace(escapeSequence, (whole, x, u, U, octal, other) => {
    const hex: string | undefined = x ?? u ?? U;
    if (hex === undefined && octal === undefined) return shortEscapes.get(other) ?? whole;
    const code = hex === undefined ? Number.parseInt(octal, 8) : Number.parseInt(hex, 16);
    return code > maxCodePoint ? whole : String.fromCodePoint(code);
  });
}
