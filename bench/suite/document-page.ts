/** A page of text that is as large as `document_ocr` takes, for loads that keep a worker busy for long. Pure. */
import { encodeJpeg, renderPage } from '../../src/samples/render-text.ts';

/** The most pixels that the pipeline's file allows: 9 000 000. */
const side = 3000;
/** A capital's height in pixels: that of a page scanned finely. */
const size = 64;
/** Two lines take a worker two seconds; a full page would take longer than a frame may. */
const lines = 2;
const words = 'THE QUICK BROWN FOX JUMPS OVER THE LAZY DOG';

/** A JPEG of 3000x3000. */
export function renderDocumentPage(): Uint8Array {
  const text = Array.from({ length: lines }, (_, line) => `${line + 1} ${words}`);
  return encodeJpeg(renderPage(text, { width: side, height: side, size }));
}
