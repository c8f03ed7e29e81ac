/** The name that a client gives its camera. Pure. */

/** Characters of a name that are kept. */
const maxLength = 64;

/**
 * Makes a name safe for the log, terminals and pages: no control or format characters, one space between words, limited length.
 * @param text of the query parameter `camera`.
 * @returns undefined if nothing remains.
 */
export function cleanCameraName(text: string | undefined): string | undefined {
  const words = (text ?? '')
    .normalize('NFC')
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim();
  const name = [...words].slice(0, maxLength).join('').trim();
  return name === '' ? undefined : name;
}
