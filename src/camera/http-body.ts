/** Reads an HTTP response body as far as needed. Main thread. */
import type { IncomingMessage } from 'node:http';

const soi = Buffer.from([0xff, 0xd8, 0xff]);
const eoi = Buffer.from([0xff, 0xd9]);

export type Body =
  | { readonly type: 'complete'; readonly bytes: Buffer }
  /** Not a JPEG, according to its first bytes, which are in `start`. */
  | { readonly type: 'not jpeg'; readonly start: Buffer }
  /** A JPEG is followed by another one. */
  | { readonly type: 'multiple' }
  | { readonly type: 'too large' }
  /** It did not end in time, or the connection was lost; `isJpeg`: it started like a JPEG. */
  | { readonly type: 'truncated'; readonly isJpeg: boolean; readonly error: Error };

/**
 * Reads one JPEG, which must be the whole body. Never rejects.
 * @param isDeclared the camera declares a single image: further JPEGs inside are thumbnails, not the next image.
 */
export async function readJpeg(response: IncomingMessage, maxBytes: number, isDeclaredJpeg: boolean): Promise<Body> {
  const chunks: Buffer[] = [];
  const search = new NextJpegSearch();
  let length = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (!mayStartJpeg(chunks)) return { type: 'not jpeg', start: Buffer.concat(chunks) };
      if (!isDeclaredJpeg && search.findsIn(chunk)) return { type: 'multiple' };
      if (length > maxBytes) return { type: 'too large' };
    }
  } catch (error) {
    return { type: 'truncated', isJpeg: length >= soi.length, error: error as Error };
  }
  const bytes = Buffer.concat(chunks);
  return length < soi.length ? { type: 'not jpeg', start: bytes } : { type: 'complete', bytes };
}

/** Finds the start of a second JPEG after the end of the first. */
class NextJpegSearch {
  #hasEnded = false;
  #tail: Buffer = Buffer.alloc(0);

  findsIn(chunk: Buffer): boolean {
    let recent = Buffer.concat([this.#tail, chunk]);
    if (!this.#hasEnded) {
      const end = recent.indexOf(eoi);
      if (end !== -1) recent = recent.subarray(end);
      this.#hasEnded = end !== -1;
    }
    this.#tail = recent.subarray(1 - soi.length);
    return this.#hasEnded && recent.includes(soi);
  }
}

/** Whether a body that starts like this can be a JPEG; its first bytes may arrive one by one. */
function mayStartJpeg(chunks: readonly Buffer[]): boolean {
  const start = Buffer.concat(chunks.slice(0, soi.length)).subarray(0, soi.length);
  return soi.subarray(0, start.length).equals(start);
}
