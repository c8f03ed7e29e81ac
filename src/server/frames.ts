/** `POST /frames`: one frame, one reply, with the same validation and admission as the stream. Runs on the loop. */
import type { BlockList } from 'node:net';
import { type HttpErrorCode, httpErrors, type StreamErrorCode, streamErrors } from '../errors.ts';
import type { Log } from '../observe/log.ts';
import type { FrameEnd, FrameReport, Observer, Source } from '../observe/observer.ts';
import type { FrameOutcome, ResultOutcome } from '../pool/messages.ts';
import type { Pool } from '../pool/pool.ts';
import { encodeDropped, encodeError, encodeResult, framesPath, unknownPipelineDetail } from '../protocol.ts';
import { AddressSessions } from '../session/address-sessions.ts';
import type { Address, Addresses } from '../session/addresses.ts';
import { cleanCameraName } from '../session/camera-name.ts';
import { type FrameLimits, validateJpeg } from '../session/frame-validator.ts';
import { clientAddress } from './peer-address.ts';
import { RequestBody } from './request-body.ts';
import { isChunked, rejectIfMalformed } from './request-checks.ts';
import { httpError, jsonReply, type Reply, respond, retryLater, tooManyRequests } from './respond.ts';
import { limitsFor, type ServedPipeline, type ServedPipelines } from './served-pipeline.ts';
import { guarded, type HttpRequest, type HttpResponse, type TemplatedApp } from './uws.ts';

export interface FramesOptions {
  readonly limits: FrameLimits & { readonly bodyTimeoutMs: number };
  readonly pipelines: ServedPipelines;
  readonly pool: Pool;
  readonly log: Log;
  readonly observer: Observer;
  readonly addresses: Addresses;
  /** Proxies whose `X-Forwarded-For` is trusted. */
  readonly trustedProxies: BlockList;
  /** Whether another session may be opened; may end an idle one to make room. */
  readonly hasRoom: () => boolean;
  /** Whether the process is above its memory limit; nothing new is admitted then. */
  readonly isOverMemoryLimit: () => boolean;
}

/** Each request carries one frame. */
const frameIndex = 0;

/** HTTP status of each code. An unknown pipeline is 404, a missing one 400. */
const statuses = {
  invalid_frame: '400 Bad Request',
  frame_too_large: '413 Content Too Large',
  invalid_message: '415 Unsupported Media Type',
  pipeline_failure: '500 Internal Server Error',
  internal_error: '500 Internal Server Error',
  server_busy: '503 Service Unavailable',
} as const satisfies Partial<Record<StreamErrorCode, string>>;

/** Characters not allowed in a token of an HTTP header (RFC 9110, 5.6.2). */
const notInToken = /[^\w!#$%&'*+.^`|~-]/g;

const jpegTypes = /^(?:image\/jpe?g|application\/octet-stream)\s*(?:;|$)/i;
const wrongTypeDetail = 'Expected a body of image/jpeg';

/** A request from its headers to its reply. */
interface Request {
  readonly response: HttpResponse;
  readonly address: Address;
  readonly pipeline: ServedPipeline | undefined;
  /** As given by the client, cleaned. */
  readonly camera: string | undefined;
  readonly body: RequestBody;
  /** uWebSockets.js accepts chunk endings that other servers reject, so the connection is closed after the reply. */
  readonly isChunked: boolean;
  /** Runs until the body is complete. */
  readonly timeout: NodeJS.Timeout;
  /** The reply was sent, or the peer is gone. */
  isFinished: boolean;
  /** Cancels its frame while it is held. */
  cancel: (() => void) | undefined;
}

/** A request that is not offered to the pool. */
interface Rejection {
  readonly code: StreamErrorCode | HttpErrorCode;
  readonly detail: string;
  readonly reply: Reply;
}

const bodyTimedOut = unread('request_timeout', httpError('request_timeout', undefined, [retryLater]));
const rateExceeded = unread('too_many_requests', tooManyRequests);
const receiveBufferFull = tooManyBytes('server_busy', 'Too many bytes are being received');

export class FramesEndpoint {
  readonly #options: FramesOptions;
  readonly #addresses: AddressSessions;

  constructor(options: FramesOptions) {
    this.#options = options;
    this.#addresses = new AddressSessions(options.pool);
  }

  /** Addresses that have a session in the pool. */
  get sessions(): number {
    return this.#addresses.size;
  }

  register(app: TemplatedApp): void {
    const { log } = this.#options;
    app.post(framesPath, (response, request) => guarded(log, () => this.#receive(response, request)));
  }

  #receive(response: HttpResponse, request: HttpRequest): void {
    const { limits, pipelines, log, addresses, trustedProxies } = this.#options;
    if (rejectIfMalformed(response, request)) return;
    const nowMs = performance.now();
    const pipelineId = request.getQuery('pipeline_id') ?? '';
    const address = addresses.enter(clientAddress(response, request, trustedProxies), nowMs);
    const budget = {
      take: (bytes: number) => addresses.receive(address, bytes),
      release: (bytes: number) => addresses.release(address, bytes),
    };
    const pending: Request = {
      ...{ response, address, isFinished: false, cancel: undefined },
      pipeline: pipelines.get(pipelineId),
      camera: cleanCameraName(request.getQuery('camera')),
      isChunked: isChunked(request),
      body: new RequestBody(limits.maxFrameBytes, budget),
      timeout: setTimeout(() => this.#reject(pending, bodyTimedOut), limits.bodyTimeoutMs),
    };
    response.onAborted(() =>
      guarded(log, () => {
        this.#finish(pending);
        pending.cancel?.();
      }),
    );
    const rejection =
      this.#sizeRejectionFor(pending, Number(request.getHeader('content-length') || 0), nowMs) ??
      this.#rejectionFor(pipelineId, request.getHeader('content-type'));
    if (rejection?.reply.closeConnection) {
      this.#reject(pending, rejection);
      return;
    }
    response.onData((chunk, isLast) =>
      guarded(log, () => {
        if (pending.isFinished) return;
        if (rejection === undefined) this.#collect(pending, new Uint8Array(chunk), isLast);
        // The body of a rejected request is read anyway, so that the connection can be reused.
        else if (isLast) this.#reject(pending, rejection);
      }),
    );
  }

  #collect(pending: Request, piece: Uint8Array, isLast: boolean): void {
    const { body } = pending;
    const bytes = body.add(piece, isLast);
    if (body.state === 'too_large') this.#reject(pending, this.#tooLarge());
    else if (body.state === 'no_room') this.#reject(pending, receiveBufferFull);
    else if (isLast) {
      clearTimeout(pending.timeout);
      this.#offer(pending, bytes);
      body.release();
    }
  }

  /** Checks a request before its body is read. After a rejection the body stays unread, so the connection must close. */
  #sizeRejectionFor({ address }: Request, declaredBytes: number, nowMs: number): Rejection | undefined {
    const { limits, addresses, isOverMemoryLimit } = this.#options;
    if (declaredBytes > limits.maxFrameBytes) return this.#tooLarge();
    if (!address.takeFrame(nowMs)) return rateExceeded;
    if (isOverMemoryLimit() || !addresses.canReceive(address, declaredBytes)) return receiveBufferFull;
    return undefined;
  }

  #tooLarge(): Rejection {
    return tooManyBytes('frame_too_large', `Frame exceeds ${this.#options.limits.maxFrameLabel}`);
  }

  #rejectionFor(pipelineId: string, type: string): Rejection | undefined {
    if (pipelineId === '') return invalidPipeline('400 Bad Request', streamErrors.invalid_pipeline.detail);
    if (!this.#options.pipelines.has(pipelineId))
      return invalidPipeline('404 Not Found', unknownPipelineDetail(pipelineId));
    return type === '' || jpegTypes.test(type) ? undefined : rejectionOf('invalid_message', wrongTypeDetail);
  }

  /** Offers the frame to the pool and replies with its outcome. */
  #offer(pending: Request, bytes: Uint8Array): void {
    const { limits, pool, hasRoom, observer } = this.#options;
    const { pipeline, camera } = pending;
    const address = pending.address.name;
    if (pipeline === undefined) return;
    const source = { sessionId: undefined, camera, pipelineId: pipeline.id, address };
    const receivedMs = performance.now();
    const check = validateJpeg(bytes, limitsFor(pipeline, limits));
    const received = { source, receivedMs, byteLength: bytes.byteLength, validateMs: performance.now() - receivedMs };
    if (!check.ok) {
      const { code, detail } = check;
      observer.emit('frameReceived', source, bytes.byteLength);
      this.#reply(pending, { ...received, holdMs: 0 }, { type: 'failed', code, detail, reason: detail });
      return;
    }
    const sessionId = this.#addresses.enter(address, receivedMs, hasRoom);
    if (sessionId === undefined) {
      this.#reject(pending, rejectionOf('server_busy', streamErrors.server_busy.detail));
      return;
    }
    observer.emit('frameReceived', source, bytes.byteLength);
    const frame = { source, frameIndex, bytes };
    pending.cancel = pool.offer(sessionId, frame, (outcome, holdMs) => {
      this.#addresses.leave(address);
      this.#reply(pending, { ...received, holdMs }, outcome);
    });
  }

  /** Replies with the outcome of a frame, and reports it. */
  #reply(pending: Request, { source, receivedMs, ...times }: ReceivedFrame, outcome: FrameOutcome | FailedFrame): void {
    const isGone = pending.isFinished;
    const reply = replyFor(outcome);
    this.#end(pending, reply);
    this.#options.observer.emit('frameEnded', source, {
      ...{ frameIndex, ...times, totalMs: performance.now() - receivedMs },
      replyBytes: isGone ? 0 : reply.body.length,
      end: isGone ? { type: 'dropped', reason: 'session_closed' } : outcome,
    });
  }

  #reject(pending: Request, { code, detail, reply }: Rejection): void {
    if (pending.isFinished) return;
    const { address, camera, pipeline } = pending;
    const names = { endpoint: 'frames' as const, address: address.name, camera, pipelineId: pipeline?.id };
    this.#options.observer.emit('refused', { ...names, code, detail });
    this.#end(pending, reply);
  }

  #end(pending: Request, reply: Reply): void {
    if (pending.isFinished) return;
    this.#finish(pending);
    respond(pending.response, pending.isChunked ? { ...reply, closeConnection: true } : reply);
  }

  /** Releases everything that belongs to the request. */
  #finish(pending: Request): void {
    if (pending.isFinished) return;
    pending.isFinished = true;
    clearTimeout(pending.timeout);
    pending.body.release();
    this.#options.addresses.leave(pending.address);
  }
}

/** A received frame, and what is measured on it. */
interface ReceivedFrame extends Pick<FrameReport, 'byteLength' | 'validateMs' | 'holdMs'> {
  readonly source: Source;
  readonly receivedMs: number;
}

/** A frame that was not started, or that failed. */
type FailedFrame = Extract<FrameEnd, { type: 'failed' }> & { readonly code: keyof typeof statuses };

function replyFor(outcome: FrameOutcome | FailedFrame): Reply {
  switch (outcome.type) {
    case 'result':
      return jsonReply('200 OK', encodeResult(frameIndex, outcome.text), [
        ['Server-Timing', serverTimingOf(outcome.timings)],
      ]);
    case 'dropped':
      return jsonReply(statuses.server_busy, encodeDropped(frameIndex), [retryLater]);
    case 'failed':
      return rejectionOf(outcome.code, outcome.detail).reply;
    default:
      return outcome satisfies never;
  }
}

function rejectionOf(code: keyof typeof statuses, detail: string): Rejection {
  const headers = code === 'server_busy' ? [retryLater] : [];
  return { code, detail, reply: jsonReply(statuses[code], encodeError(code, detail), headers) };
}

function invalidPipeline(status: string, detail: string): Rejection {
  return { code: 'invalid_pipeline', detail, reply: jsonReply(status, encodeError('invalid_pipeline', detail)) };
}

/** The rest of the body is not read. */
function tooManyBytes(code: keyof typeof statuses, detail: string): Rejection {
  const rejection = rejectionOf(code, detail);
  return { ...rejection, reply: { ...rejection.reply, closeConnection: true } };
}

function unread(code: HttpErrorCode, reply: Reply): Rejection {
  return { code, detail: httpErrors[code].detail, reply: { ...reply, closeConnection: true } };
}

/** Stages as a W3C Server-Timing header: `decode;dur=1.06, detect;dur=11.95`. A node id may contain characters not allowed there. */
function serverTimingOf(timings: ResultOutcome['timings']): string {
  return Object.entries(timings)
    .map(([stage, ms]) => `${stage.replaceAll(notInToken, '_')};dur=${ms}`)
    .join(', ');
}
