/** `POST /frames`: one frame, one answer, by the same intake and admission as the stream. Runs on the loop. */
import { type StreamErrorCode, streamErrors } from '../errors.ts';
import type { Log } from '../observe/log.ts';
import type { FrameOutcome } from '../pool/messages.ts';
import type { Pool } from '../pool/pool.ts';
import { encodeDropped, encodeError, framesPath } from '../protocol.ts';
import { AddressSessions } from '../session/address-sessions.ts';
import { type FrameLimits, validateJpeg } from '../session/frame-validator.ts';
import { RequestBody } from './request-body.ts';
import { guarded, type HttpRequest, type HttpResponse, type TemplatedApp } from './uws.ts';

export interface FramesOptions {
  readonly limits: FrameLimits;
  readonly pipelineIds: ReadonlySet<string>;
  readonly pool: Pool;
  readonly log: Log;
  /** Whether one more session may be open. */
  readonly hasRoom: () => boolean;
}

/** Each request carries one frame. */
const frameIndex = 0;

/** A frame that was not taken may be sent again soon; HTTP counts in whole seconds. */
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

const jpegTypes = /^(?:image\/jpe?g|application\/octet-stream)\s*(?:;|$)/i;
const wrongTypeDetail = 'Expected a body of image/jpeg';

interface Answer {
  readonly status: string;
  readonly body: string;
}

/** A request that has its frame and waits for its answer. */
interface Request {
  readonly response: HttpResponse;
  readonly address: string;
  readonly pipelineId: string;
  aborted: boolean;
}

export class FramesEndpoint {
  readonly #options: FramesOptions;
  readonly #addresses: AddressSessions;
  #inFlight = 0;
  #draining = false;
  #emptied: (() => void) | undefined;

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

  /** Takes nothing more; settles when what is in flight is answered. */
  drain(): Promise<void> {
    this.#draining = true;
    return new Promise((resolve) => {
      this.#emptied = resolve;
      this.#settleWhenEmpty();
    });
  }

  #receive(response: HttpResponse, request: HttpRequest): void {
    const { limits, log } = this.#options;
    const pipelineId = request.getQuery('pipeline_id') ?? '';
    const type = request.getHeader('content-type');
    const refusal = this.#refusalOf(pipelineId, type);
    const declaredBytes = Number(request.getHeader('content-length') || 0);
    const waiting = { response, address: addressOf(response), pipelineId, aborted: false };
    const body = new RequestBody(limits.maxFrameBytes, declaredBytes);
    response.onAborted(() => {
      waiting.aborted = true;
    });
    response.onData((chunk, isLast) =>
      guarded(log, () => {
        if (waiting.aborted || body.isOverfull) return;
        // A body that is not wanted is read all the same, so that the connection can be used again.
        const bytes = body.add(new Uint8Array(chunk), isLast);
        if (body.isOverfull) this.#refuseLarge(waiting);
        else if (isLast) this.#answer(waiting, refusal ?? this.#offer(waiting, bytes));
      }),
    );
  }

  #refusalOf(pipelineId: string, type: string): Answer | undefined {
    if (pipelineId === '') {
      return { status: '400 Bad Request', body: encodeError('invalid_pipeline', streamErrors.invalid_pipeline.detail) };
    }
    if (!this.#options.pipelineIds.has(pipelineId)) {
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

  /** @returns the refusal; `undefined` where the frame was taken and its outcome will be the answer. */
  #offer(waiting: Request, bytes: Uint8Array): Answer | undefined {
    const { limits, pool, hasRoom } = this.#options;
    const check = validateJpeg(bytes, limits);
    if (!check.ok) return errorAnswer(check.code, check.detail);
    if (this.#draining) return notTaken;
    const { address, pipelineId } = waiting;
    const sessionId = this.#addresses.enter(address, performance.now(), hasRoom);
    if (sessionId === undefined) return errorAnswer('server_busy', streamErrors.server_busy.detail);
    const frame = { pipelineId, frameIndex, bytes };
    const verdict = pool.offer(sessionId, frame, (outcome) => {
      this.#inFlight -= 1;
      this.#addresses.leave(address);
      this.#answer(waiting, this.#answerOf(outcome, pipelineId));
      this.#settleWhenEmpty();
    });
    if (verdict === 'accepted') {
      this.#inFlight += 1;
      return undefined;
    }
    this.#addresses.leave(address);
    return notTaken;
  }

  #answerOf(outcome: FrameOutcome, pipelineId: string): Answer {
    if (outcome.type === 'result') return { status: '200 OK', body: outcome.message };
    const { code, detail, reason } = outcome;
    if (code !== 'invalid_frame') this.#options.log.warn({ pipelineId, code, reason }, 'a frame failed');
    return errorAnswer(code, detail);
  }

  #answer({ response, aborted }: Request, answer: Answer | undefined): void {
    if (answer !== undefined && !aborted) write(response, answer, false);
  }

  #settleWhenEmpty(): void {
    if (this.#draining && this.#inFlight === 0) this.#emptied?.();
  }
}

const notTaken: Answer = { status: statuses.server_busy, body: encodeDropped(frameIndex) };

function errorAnswer(code: keyof typeof statuses, detail: string): Answer {
  return { status: statuses[code], body: encodeError(code, detail) };
}

function write(response: HttpResponse, { status, body }: Answer, andClose: boolean): void {
  response.cork(() => {
    response.writeStatus(status).writeHeader('Content-Type', 'application/json; charset=utf-8');
    response.writeHeader('Cache-Control', 'no-store');
    if (status === statuses.server_busy) response.writeHeader('Retry-After', retryAfterSeconds);
    response.end(body, andClose);
  });
}

function addressOf(response: HttpResponse): string {
  return Buffer.from(response.getRemoteAddressAsText()).toString('latin1');
}
