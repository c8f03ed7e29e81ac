/** Requests an HTTP address once, before ffprobe, to detect snapshots and concatenated JPEGs. Main thread. */

import type { ExitReason } from './exit-reason.ts';
import { type Body, readJpeg } from './http-body.ts';
import { HttpGetter, type HttpResult } from './http-getter.ts';
import { maxSnapshotBytes } from './snapshots.ts';

export type HttpProbeEnd =
  /** One JPEG per request. The receiver owns the getter and closes it. */
  | { readonly type: 'snapshots'; readonly getter: HttpGetter; readonly first: Buffer }
  /** Concatenated JPEGs without headers in between. */
  | { readonly type: 'jpegs' }
  /** Left to ffprobe, as are addresses that do not respond: ffprobe may reach them, for example through a proxy. */
  | { readonly type: 'other' }
  | { readonly type: 'failed'; readonly reason: ExitReason }
  | { readonly type: 'stopped' };

/** A response that takes longer is not a snapshot; ffprobe has a longer timeout. */
const maxHttpProbeMs = 5000;

const jpegTypes: readonly string[] = ['image/jpeg', 'image/jpg', 'image/pjpeg'];

export class HttpProbe {
  /** Never rejects. */
  readonly ended: Promise<HttpProbeEnd>;
  readonly #stop = new AbortController();

  /** @param timeoutMs capped at {@link maxHttpProbeMs}. */
  constructor(address: string, timeoutMs: number) {
    this.ended = this.#probe(new HttpGetter(address), Math.min(timeoutMs, maxHttpProbeMs));
  }

  stop(): void {
    this.#stop.abort();
  }

  async #probe(getter: HttpGetter, timeoutMs: number): Promise<HttpProbeEnd> {
    const result = await getter.get(AbortSignal.any([this.#stop.signal, AbortSignal.timeout(timeoutMs)]));
    const end = await endOf(result, getter);
    if (end.type === 'snapshots' && !this.#stop.signal.aborted) return end;
    getter.close();
    return this.#stop.signal.aborted ? { type: 'stopped' } : end;
  }
}

async function endOf(result: HttpResult, getter: HttpGetter): Promise<HttpProbeEnd> {
  if (result.type === 'unreachable') return { type: 'other' };
  if (result.type === 'refused') return { type: 'failed', reason: result.reason };
  const { response } = result;
  const type = mediaType(response.headers['content-type']);
  if (type.startsWith('multipart/')) {
    response.destroy();
    return { type: 'other' };
  }
  const isDeclaredJpeg = jpegTypes.includes(type);
  const body = await readJpeg(response, maxSnapshotBytes, isDeclaredJpeg);
  return body.type === 'complete'
    ? { type: 'snapshots', getter, first: body.bytes }
    : endOfBody(body, type, isDeclaredJpeg);
}

function endOfBody(body: Exclude<Body, { type: 'complete' }>, type: string, isDeclaredJpeg: boolean): HttpProbeEnd {
  switch (body.type) {
    case 'multiple':
    case 'too large':
      return { type: 'jpegs' };
    case 'truncated':
      return { type: body.isJpeg ? 'jpegs' : 'other' };
    case 'not jpeg':
      if (isDeclaredJpeg) return failed(`Content-Type is ${type}, but the body is not a JPEG`);
      return isHtml(type, body.start) ? failed('the address returns a web page, not a video') : { type: 'other' };
  }
}

function failed(detail: string): HttpProbeEnd {
  return { type: 'failed', reason: { detail, retryable: 'limited' } };
}

/** Some cameras declare their video as `text/html`, so the first character decides. */
function isHtml(type: string, start: Buffer): boolean {
  return /^(text\/html|application\/xhtml\+xml)$/.test(type) && /^\s*</.test(start.toString('latin1', 0, 100));
}

function mediaType(header: string | undefined): string {
  return (header ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}
