/** Looks once at what an HTTP address gives, before ffprobe is asked: a picture a request, raw JPEGs, or something else. Main thread. */
import { type Body, readJpeg } from './http-body.ts';
import { type Got, HttpGetter } from './http-getter.ts';
import type { LastWords } from './last-words.ts';
import { maxSnapshotBytes } from './snapshots.ts';

export type LookEnd =
  /** One JPEG a request. The getter is the receiver's, to go on with and to close. */
  | { readonly type: 'snapshots'; readonly getter: HttpGetter; readonly first: Buffer }
  /** JPEGs one after the other, without a word between them. */
  | { readonly type: 'jpegs' }
  /** For ffprobe to find out, as is what does not answer: it may know a way, such as a proxy. */
  | { readonly type: 'other' }
  | { readonly type: 'failed'; readonly words: LastWords }
  | { readonly type: 'stopped' };

/** What does not show itself in this time is no picture; ffprobe has more patience. */
const maxLookMs = 5000;

const jpegTypes: readonly string[] = ['image/jpeg', 'image/jpg', 'image/pjpeg'];

export class HttpLook {
  /** Never rejects. */
  readonly ended: Promise<LookEnd>;
  readonly #stop = new AbortController();

  /** @param limitMs it takes no longer than this, nor than {@link maxLookMs}. */
  constructor(address: string, limitMs: number) {
    this.ended = this.#look(new HttpGetter(address), Math.min(limitMs, maxLookMs));
  }

  stop(): void {
    this.#stop.abort();
  }

  async #look(getter: HttpGetter, limitMs: number): Promise<LookEnd> {
    const got = await getter.get(AbortSignal.any([this.#stop.signal, AbortSignal.timeout(limitMs)]));
    const end = await endOf(got, getter);
    if (end.type === 'snapshots' && !this.#stop.signal.aborted) return end;
    getter.close();
    return this.#stop.signal.aborted ? { type: 'stopped' } : end;
  }
}

async function endOf(got: Got, getter: HttpGetter): Promise<LookEnd> {
  if (got.type === 'unreachable') return { type: 'other' };
  if (got.type === 'refused') return { type: 'failed', words: got.words };
  const { response } = got;
  const type = mediaType(response.headers['content-type']);
  if (type.startsWith('multipart/')) {
    response.destroy();
    return { type: 'other' };
  }
  const isDeclared = jpegTypes.includes(type);
  const body = await readJpeg(response, maxSnapshotBytes, isDeclared);
  return body.type === 'whole' ? { type: 'snapshots', getter, first: body.bytes } : endOfBody(body, type, isDeclared);
}

function endOfBody(body: Exclude<Body, { type: 'whole' }>, type: string, isDeclared: boolean): LookEnd {
  switch (body.type) {
    case 'several':
    case 'too large':
      return { type: 'jpegs' };
    case 'cut':
      return { type: body.isJpeg ? 'jpegs' : 'other' };
    case 'no jpeg':
      if (isDeclared) return failed(`it says that it is ${type}, and is no JPEG`);
      return isPage(type, body.start) ? failed('it is a web page, and no video') : { type: 'other' };
  }
}

function failed(detail: string): LookEnd {
  return { type: 'failed', words: { detail, healing: 'rarely' } };
}

/** Some cameras call their video `text/html`, so its first character decides. */
function isPage(type: string, start: Buffer): boolean {
  return /^(text\/html|application\/xhtml\+xml)$/.test(type) && /^\s*</.test(start.toString('latin1', 0, 100));
}

function mediaType(header: string | undefined): string {
  return (header ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}
