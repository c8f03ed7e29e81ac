/** A text page of the maximum size for `document_ocr`, for loads that occupy a worker for a long time. Pure. */
import { encodeJpeg, renderPage } from '../../test/support/samples/render-text.ts';

/** The pipeline's `max_pixels` limit: 9 000 000. */
const side = 3000;
/** Height of capital letters in pixels, as in a high-resolution scan. */
const size = 64;
/** Two lines take a worker two seconds; a full page would exceed the frame timeout. */
const lines = 2;
const words = 'THE QUICK BROWN FOX JUMPS OVER THE LAZY DOG';

/** A JPEG of 3000x3000. */
export function renderDocumentPage(): Uint8Array {
  const text = Array.from({ length: lines }, (_, line) => `${line + 1} ${words}`);
  return encodeJpeg(renderPage(text, { width: side, height: side, size }));
}
