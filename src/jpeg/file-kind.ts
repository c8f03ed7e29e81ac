/** Tells what a file is that is not a JPEG, from its first bytes. Imports nothing; any thread. */

/** Signatures at the start of a file, as Latin-1 text in which control characters are shown in hexadecimal: `«00»`. */
const signatures: readonly (readonly [pattern: RegExp, kind: string])[] = [
  [/^«89»PNG/, 'a PNG image'],
  [/^GIF8/, 'a GIF image'],
  [/^RIFF.{4,16}WEBP/s, 'a WebP image'],
  [/^RIFF.{4,16}AVI /s, 'an AVI video'],
  [/^BM.{4,16}«00»«00»«00»«00»/s, 'a BMP image'],
  [/^(?:II\*«00»|MM«00»\*)/, 'a TIFF image'],
  [/^.{4,16}ftypavi[fs]/s, 'an AVIF image'],
  [/^.{4,16}ftyp(?:hei|hev|mif1|msf1)/s, 'a HEIC image'],
  [/^.{4,16}ftyp/s, 'an MP4 video'],
  [/^«00»«00»(?:«00»)?«01»/, 'H.264 or H.265 video'],
  [/^«00»«00»«00»«0c»jP/, 'a JPEG 2000 image'],
  [/^%PDF/, 'a PDF document'],
  [/^«1f»«8b»/, 'gzip data'],
  [/^--.*?Content-Type:/is, 'a part of an MJPEG stream'],
  [/^\s*<(?:!doctype html|html)/i, 'an HTML page'],
  [/^data:image\//, 'a data URL'],
  [/^\/9j\/[\w+/]/, 'Base64 text of a JPEG'],
  [/^(?:[\t\n\r -~]{16}|[\t\n\r -~]+$)/, 'text'],
];

/** Enough for every signature. */
const signatureBytes = 256;

/** @returns undefined if the kind is unknown. */
export function fileKindOf(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return 'empty';
  const start = Buffer.from(bytes.subarray(0, signatureBytes))
    .toString('latin1')
    .replace(/[^\P{Cc}\t\n\r]/gu, hexOf);
  return signatures.find(([pattern]) => pattern.test(start))?.[1];
}

function hexOf(character: string): string {
  return `«${character.charCodeAt(0).toString(16).padStart(2, '0')}»`;
}
