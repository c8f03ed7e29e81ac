/** `POST /frames`: one frame, one answer, by the same intake and admission as the stream. Runs on the loop. */
import { type StreamErrorCode, streamErrors } from '../errors.ts';
import type { Log } from '../observe/log.ts';
import type { FrameOutcome, ResultOutcome } from '../pool/messages.ts';
import type { Pool } from '../pool/pool.ts';
import { encodeDropped, encodeError, encodeResult, framesPath } from '../protocol.ts';
import { AddressSessions } from '../session/address-sessions.ts';
import { type FrameLimits, validateJpeg } from '../session/frame-validator.ts';
import { RequestBody } from './request-body.ts';
import { limitsFor, type ServedPipeline } from './served-pipeline.ts';
import { guarded, type HttpRequest, type HttpResponse, type TemplatedApp } from './uws.ts';

export interface FramesOptions {
  readonly limits: FrameLimits;
  readonly pipelines: ReadonlyMap<string, ServedPipeline>;
  readonly pool: Pool;
  readonly log: Log;
  /** Whether one more session may be open. */
  readonly hasRoom: () => boolean;
}

/** Each request carries one frame. */
const frameIndex = 0;

/** A frame that was dropped may be sent again soon; HTTP counts in whole seconds. */
const retryAfterSeconds = '1';

/** The contract's codes as HTTP says them. An unknown pipeline is 404, a missing one 400. */
const statuses = {
  invalid_frame: '400 Bad Request',
  frame_too_large: '413 Content Too Large',
  invalid_message: '415 Unsupported Media Type',
  pipeline_failure: '500 Internal Server Error',
  internal_error: '500 Internal Server Error',
  server_busy: '503 Service Unavailable',
} as const satisfies Partial<Record<StreamErrorCode, string>>;

/** What a token of an HTTP header cannot hold (RFC 9110, 5.6.2). */
const notInToken = /[^\w!#$%&'*+.^`|~-]/g;

const jpegTypes = /^(?:image\/jpe?g|application\/octet-stream)\s*(?:;|$)/i;
const wrongTypeDetail = 'Expected a body of image/jpeg';

interface Answer {
  readonly status: string;
  readonly body: string;
  /** Milliseconds of each stage, for the header that browsers and load tools show. */
  readonly timings?: ResultOutcome['timings'];
}

/** A request that has its frame and waits for its answer. */
interface Request {
  readonly response: HttpResponse;
  readonly address: string;
  readonly pipeline: ServedPipeline | undefined;
  aborted: boolean;
  /** Takes its frame back while it is held. */
  withdraw: (() => void) | undefined;
}

export class FramesEndpoint {
  readonly #options: FramesOptions;
  readonly #addresses: AddressSessions;

  constructor(options: FramesOptions) {
    this.#options = options;
    this.#addresses = new AddressSessions(options.pool);
  }

  /** Addresses that hold a session of the pool. */
  get sessions(): number {
    return this.#addresses.size;
  }

  register(app: TemplatedApp): void {
    const { log } = this.#options;
    app.post(framesPath, (response, request) => guarded(log, () => this.#receive(response, request)));
  }

  #receive(response: HttpResponse, request: HttpRequest): void {
    const { limits, pipelines, log } = this.#options;
    const pipelineId = request.getQuery('pipeline_id') ?? '';
    const type = request.getHeader('content-type');
    const refusal = this.#refusalOf(pipelineId, type);
    const declaredBytes = Number(request.getHeader('content-length') || 0);
    const waiting: Request = {
      response,
      address: addressOf(response),
      pipeline: pipelines.get(pipelineId),
      aborted: false,
      withdraw: undefined,
    };
    const body = new RequestBody(limits.maxFrameBytes, declaredBytes);
    response.onAborted(() =>
      guarded(log, () => {
        waiting.aborted = true;
        waiting.withdraw?.();
      }),
    );
    response.onData((chunk, isLast) =>
      guarded(log, () => {
        if (waiting.aborted || body.isOverfull) return;
        // A body that is not wanted is read all the same, so that the connection can be used again.
        const bytes = body.add(new Uint8Array(chunk), isLast);
        if (body.isOverfull) this.#refuseLarge(waiting);
        else if (isLast && refusal !== undefined) answer(waiting, refusal);
        else if (isLast) this.#offer(waiting, bytes);
      }),
    );
  }

  #refusalOf(pipelineId: string, type: string): Answer | undefined {
    if (pipelineId === '') {
      return { status: '400 Bad Request', body: encodeError('invalid_pipeline', streamErrors.invalid_pipeline.detail) };
    }
    if (!this.#options.pipelines.has(pipelineId)) {
      const body = encodeError('invalid_pipeline', `Unknown pipeline_id: ${pipelineId}`);
      return { status: '404 Not Found', body };
    }
    if (type !== '' && !jpegTypes.test(type)) return errorAnswer('invalid_message', wrongTypeDetail);
    return undefined;
  }

  /** The rest of the body would still have to be read, so the connection goes. */
  #refuseLarge(waiting: Request): void {
    const answer = errorAnswer('frame_too_large', `Frame exceeds ${this.#options.limits.maxFrameLabel}`);
    waiting.aborted = true;
    write(waiting.response, answer, true);
  }

  /** Holds the request until its frame has its outcome. */
  #offer(waiting: Request, bytes: Uint8Array): void {
    const { limits, pool, hasRoom } = this.#options;
    const { address, pipeline } = waiting;
    if (pipeline === undefined) return;
    const check = validateJpeg(bytes, limitsFor(pipeline, limits));
    if (!check.ok) {
      answer(waiting, errorAnswer(check.code, check.detail));
      return;
    }
    const sessionId = this.#addresses.enter(address, performance.now(), hasRoom);
    if (sessionId === undefined) {
      answer(waiting, errorAnswer('server_busy', streamErrors.server_busy.detail));
      return;
    }
    waiting.withdraw = pool.offer(sessionId, { pipelineId: pipeline.id, frameIndex, bytes }, (outcome) => {
      this.#addresses.leave(address);
      answer(waiting, this.#answerOf(outcome, pipeline.id));
    });
  }

  #answerOf(outcome: FrameOutcome, pipelineId: string): Answer {
    switch (outcome.type) {
      case 'result':
        return { status: '200 OK', body: encodeResult(frameIndex, outcome.text), timings: outcome.timings };
      case 'dropped':
        return { status: statuses.server_busy, body: encodeDropped(frameIndex) };
      case 'failed': {
        const { code, detail, reason } = outcome;
        if (code !== 'invalid_frame') this.#options.log.warn({ pipelineId, code, reason }, 'a frame failed');
        return errorAnswer(code, detail);
      }
      default:
        return outcome satisfies never;
    }
  }
}

function answer({ response, aborted }: Request, given: Answer): void {
  if (!aborted) write(response, given, false);
}

function errorAnswer(code: keyof typeof statuses, detail: string): Answer {
  return { status: statuses[code], body: encodeError(code, detail) };
}

function write(response: HttpResponse, { status, body, timings }: Answer, andClose: boolean): void {
  response.cork(() => {
    response.writeStatus(status).writeHeader('Content-Type', 'application/json; charset=utf-8');
    response.writeHeader('Cache-Control', 'no-store');
    if (status === statuses.server_busy) response.writeHeader('Retry-After', retryAfterSeconds);
    if (timings !== undefined) response.writeHeader('Server-Timing', serverTimingOf(timings));
    response.end(body, andClose);
  });
}

/** Stages as the header has them (W3C Server Timing): `decode;dur=1.06, detect;dur=11.95`. A node's id may be no token there. */
function serverTimingOf(timings: ResultOutcome['timings']): string {
  return Object.entries(timings)
    .map(([stage, ms]) => `${stage.replaceAll(notInToken, '_')};dur=${ms}`)
    .join(', ');
}

function addressOf(response: HttpResponse): string {
  return Buffer.from(response.getRemoteAddressAsText()).toString('latin1');
}
