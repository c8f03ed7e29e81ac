/** `POST /frames`: one frame, one reply, with the same validation and admission as the stream. Runs on the loop. */
import type { BlockList } from 'node:net';
import type { Authorizer, Decision } from '../auth/authorize.ts';
import { streamErrors } from '../errors.ts';
import type { Log } from '../observe/log.ts';
import type { FrameReport, Observer, Source } from '../observe/observer.ts';
import { unixMs } from '../observe/timestamp.ts';
import type { FrameOutcome } from '../pool/messages.ts';
import type { Pool } from '../pool/pool.ts';
import { SessionMemory } from '../pool/session-memory.ts';
import { framesPath, noHostDetail, unknownPipelineDetail } from '../protocol.ts';
import { AddressSessions } from '../session/address-sessions.ts';
import type { Address, Addresses } from '../session/addresses.ts';
import { cleanCameraName } from '../session/camera-name.ts';
import { type FrameLimits, validateJpeg } from '../session/frame-validator.ts';
import type { TokenUse, TokenUses } from '../session/token-uses.ts';
import { accessRequestOf, corsHeaders, withHeaders } from './access.ts';
import {
  deniedFrame,
  type FailedFrame,
  frameIndex,
  invalidPipeline,
  type Rejection,
  rejectionOf,
  replyFor,
  tooManyBytes,
  unread,
} from './frame-replies.ts';
import { clientAddress } from './peer-address.ts';
import { RequestBody } from './request-body.ts';
import { isChunked, rejectIfMalformed } from './request-checks.ts';
import { httpError, type Reply, respond, retryLater, tooManyRequests } from './respond.ts';
import { limitsFor, type ServedPipeline, type ServedPipelines } from './served-pipeline.ts';
import { guarded, type HttpRequest, type HttpResponse, type TemplatedApp } from './uws.ts';

export interface FramesOptions {
  readonly limits: FrameLimits & { readonly bodyTimeoutMs: number };
  readonly pipelines: ServedPipelines;
  readonly pool: Pool;
  readonly log: Log;
  readonly observer: Observer;
  readonly addresses: Addresses;
  readonly tokens: TokenUses;
  readonly authorizer: Authorizer;
  /** Proxies whose `X-Forwarded-For` is trusted. */
  readonly trustedProxies: BlockList;
  /** Whether another session may be opened; may end an idle one to make room. */
  readonly hasRoom: () => boolean;
  /** Whether the process is above its memory limit; nothing new is admitted then. */
  readonly isOverMemoryLimit: () => boolean;
}

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
  /** For a page of another site. */
  readonly corsHeaders: Reply['headers'];
  /** Runs until the body is complete. */
  readonly timeout: NodeJS.Timeout;
  /** The reply was sent, or the peer is gone. */
  isFinished: boolean;
  /** Cancels its frame while it is held. */
  cancel: (() => void) | undefined;
  /** Whose limits apply; undefined if no token is needed. */
  token: TokenUse | undefined;
}

/** What decides about a request before its frame is looked at. */
interface Checks {
  readonly access: Decision | Promise<Decision>;
  readonly rejection: Rejection | undefined;
}

const bodyTimedOut = unread('request_timeout', httpError('request_timeout', undefined, [retryLater]));
const rateExceeded = unread('too_many_requests', tooManyRequests);
const tokenRateExceeded = {
  ...{ code: 'too_many_requests' as const, detail: 'Too many frames with this token' },
  reply: httpError('too_many_requests', 'Too many frames with this token', [retryLater]),
};
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
    const { limits, pipelines, log, addresses, trustedProxies, authorizer } = this.#options;
    if (rejectIfMalformed(response, request)) return;
    const nowMs = performance.now();
    const pipelineId = request.getQuery('pipeline_id') ?? '';
    const accessRequest = accessRequestOf(request);
    const address = addresses.enter(clientAddress(response, request, trustedProxies), nowMs);
    const budget = {
      take: (bytes: number) => addresses.receive(address, bytes),
      release: (bytes: number) => addresses.release(address, bytes),
    };
    const pending: Request = {
      ...{ response, address, isFinished: false, cancel: undefined, token: undefined },
      pipeline: pipelines.get(pipelineId),
      camera: cleanCameraName(request.getQuery('camera')),
      isChunked: isChunked(request),
      corsHeaders: corsHeaders(authorizer.corsOrigin(accessRequest)),
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
    const need = { scope: 'frames', pipelineId: pipelineId || undefined } as const;
    const access = authorizer.authorize(accessRequest, need);
    const early = access instanceof Promise ? undefined : access.allowed ? rejection : deniedFrame(access);
    response.onData((chunk, isLast) =>
      guarded(log, () => {
        if (pending.isFinished) return;
        if (early === undefined) this.#collect(pending, { access, rejection }, new Uint8Array(chunk), isLast);
        // The body of a rejected request is read anyway, so that the connection can be reused.
        else if (isLast) this.#reject(pending, early);
      }),
    );
  }

  #collect(pending: Request, checks: Checks, piece: Uint8Array, isLast: boolean): void {
    const { body } = pending;
    const bytes = body.add(piece, isLast);
    if (body.state === 'too_large') this.#reject(pending, this.#tooLarge());
    else if (body.state === 'no_room') this.#reject(pending, receiveBufferFull);
    else if (isLast) {
      clearTimeout(pending.timeout);
      if (checks.access instanceof Promise) this.#admitLater(pending, checks.access, checks.rejection, bytes);
      else this.#admit(pending, checks.access, bytes);
      body.release();
    }
  }

  /** A JWT may be checked after the body has arrived. The body is valid only during its handler, so it is copied. */
  #admitLater(pending: Request, access: Promise<Decision>, rejection: Rejection | undefined, bytes: Uint8Array): void {
    const { addresses, log } = this.#options;
    if (!addresses.receive(pending.address, bytes.length)) {
      this.#reject(pending, receiveBufferFull);
      return;
    }
    const copy = bytes.slice();
    void access.then((decision) =>
      guarded(log, () => {
        addresses.release(pending.address, copy.length);
        if (decision.allowed && rejection !== undefined) this.#reject(pending, rejection);
        else if (!pending.isFinished) this.#admit(pending, decision, copy);
      }),
    );
  }

  #admit(pending: Request, access: Decision, bytes: Uint8Array): void {
    const nowMs = performance.now();
    if (!access.allowed) {
      this.#reject(pending, deniedFrame(access));
      return;
    }
    pending.token = access.permit && this.#options.tokens.of(access.permit.grant, nowMs);
    if (pending.token?.takeFrame(nowMs) === false) this.#reject(pending, tokenRateExceeded);
    else this.#offer(pending, bytes);
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
    if (!pool.canRun(pipeline.id)) {
      this.#reject(pending, rejectionOf('server_busy', noHostDetail));
      return;
    }
    const sessionId = this.#addresses.enter(address, receivedMs, hasRoom);
    if (sessionId === undefined) {
      this.#reject(pending, rejectionOf('server_busy', streamErrors.server_busy.detail));
      return;
    }
    observer.emit('frameReceived', source, bytes.byteLength);
    const frame = { source, frameIndex, bytes, memory: new SessionMemory(receivedMs, unixMs()) };
    pending.cancel = pool.offer(sessionId, frame, (outcome, holdMs) => {
      this.#addresses.leave(address);
      this.#reply(pending, { ...received, holdMs }, outcome);
    });
  }

  /** Replies with the outcome of a frame, and reports it. */
  #reply(pending: Request, { source, receivedMs, ...times }: ReceivedFrame, outcome: FrameOutcome | FailedFrame): void {
    const isGone = pending.isFinished;
    const reply = replyFor(outcome, (text) => pending.token?.limitResult(text) ?? text);
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
    const closes = pending.isChunked ? { closeConnection: true } : {};
    respond(pending.response, { ...withHeaders(reply, pending.corsHeaders), ...closes });
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
