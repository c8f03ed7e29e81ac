/** Reads the body of an HTTP answer as far as it is needed. Main thread. */
import type { IncomingMessage } from 'node:http';

const soi = Buffer.from([0xff, 0xd8, 0xff]);
const eoi = Buffer.from([0xff, 0xd9]);

export type Body =
  | { readonly type: 'whole'; readonly bytes: Buffer }
  /** It is no JPEG, by its first bytes; `start` has them. */
  | { readonly type: 'no jpeg'; readonly start: Buffer }
  /** After a JPEG comes another one. */
  | { readonly type: 'several' }
  | { readonly type: 'too large' }
  /** It did not end in time, or the connection was lost; `isJpeg`: what came looks like one. */
  | { readonly type: 'cut'; readonly isJpeg: boolean; readonly error: Error };

/**
 * Reads one JPEG, which must be all of the body. Never rejects.
 * @param isDeclared the camera says that it is one picture: JPEGs in it are previews, and not the next picture.
 */
export async function readJpeg(response: IncomingMessage, maxBytes: number, isDeclared: boolean): Promise<Body> {
  const chunks: Buffer[] = [];
  const search = new SeamSearch();
  let length = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (!startsAsJpeg(chunks)) return { type: 'no jpeg', start: Buffer.concat(chunks) };
      if (!isDeclared && search.findsIn(chunk)) return { type: 'several' };
      if (length > maxBytes) return { type: 'too large' };
    }
  } catch (error) {
    return { type: 'cut', isJpeg: length >= soi.length, error: error as Error };
  }
  const bytes = Buffer.concat(chunks);
  return length < soi.length ? { type: 'no jpeg', start: bytes } : { type: 'whole', bytes };
}

/** Finds the start of a JPEG after the end of one. */
class SeamSearch {
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

/** Whether a body that begins like this may be a JPEG; its first bytes may come one by one. */
function startsAsJpeg(chunks: readonly Buffer[]): boolean {
  const start = Buffer.concat(chunks.slice(0, soi.length)).subarray(0, soi.length);
  return soi.subarray(0, start.length).equals(start);
}
