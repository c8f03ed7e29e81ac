/** `GET /ws/video/stream`: sockets become sessions, messages become frames. Runs on the loop. */
import { randomUUID } from 'node:crypto';
import { type StreamErrorCode, streamErrors } from '../errors.ts';
import type { Log } from '../observe/log.ts';
import type { Pool } from '../pool/pool.ts';
import { closeCodeOf, encodeError, goingAwayCloseCode, streamPath } from '../protocol.ts';
import type { BackpressureVerdict } from '../session/backpressure.ts';
import { type Outbox, type SessionLimits, SessionManager } from '../session/session-manager.ts';
import { withoutExtraSlashes } from './paths.ts';
import { limitsFor, type ServedPipeline } from './served-pipeline.ts';
import { guarded, type HttpRequest, type HttpResponse, type TemplatedApp, type WebSocket } from './uws.ts';

export interface StreamOptions {
  readonly limits: SessionLimits;
  /** Whether one more session may be open. */
  readonly hasRoom: () => boolean;
  /** uWebSockets.js cuts a connection whose message is larger, without a word. */
  readonly hardCapBytes: number;
  readonly pipelines: ReadonlyMap<string, ServedPipeline>;
  readonly pool: Pool;
  readonly log: Log;
}

/** Seconds without a sign of life from the peer; the gateway pings by itself. uWebSockets.js aborts below 8. */
const idleTimeoutSeconds = 60;

/** Ends of a session that an operator should look at; the others are the peer's doing. */
const ourFaults: ReadonlySet<StreamErrorCode> = new Set(['pipeline_failure', 'internal_error']);

/** Decimal places of a drop rate in the log. */
const rateDigits = 3;

/** What uWebSockets.js keeps with a socket. */
interface SocketData {
  readonly pipelineId: string | undefined;
  /** Set while the socket belongs to a session; a refused one has none. */
  session: SessionManager | undefined;
  open: boolean;
}

type Socket = WebSocket<SocketData>;

export class StreamEndpoint {
  readonly #options: StreamOptions;
  readonly #sessions = new Set<SessionManager>();

  constructor(options: StreamOptions) {
    this.#options = options;
  }

  get sessions(): number {
    return this.#sessions.size;
  }

  register(app: TemplatedApp): void {
    const { log } = this.#options;
    // Every path: where an address was put together with a slash too many, a browser could not tell what the 404 says.
    app.ws<SocketData>('/*', {
      maxPayloadLength: this.#options.hardCapBytes,
      // Sessions watch what is unread themselves and end with an error; zero switches the silent drop off.
      maxBackpressure: 0,
      idleTimeout: idleTimeoutSeconds,
      upgrade: (response, request, context) =>
        guarded(log, () => {
          if (withoutExtraSlashes(request.getUrl()) === streamPath) upgrade(response, request, context);
          else request.setYield(true);
        }),
      open: (socket) => guarded(log, () => this.#opened(socket)),
      message: (socket, message, isBinary) => guarded(log, () => this.#received(socket, message, isBinary)),
      close: (socket) => guarded(log, () => this.#closed(socket)),
    });
  }

  /** The pool drains: closes each session with 1001 as soon as nothing of it is in flight. */
  leaveWhenDone(): void {
    for (const session of this.#sessions) session.leaveWhenDone();
  }

  /** Closes with 1001 whoever is still there, answered or not. */
  abandon(): void {
    for (const session of this.#sessions) session.abandon();
  }

  #opened(socket: Socket): void {
    const { pipelineId } = socket.getUserData();
    const { pipelines, hasRoom, pool } = this.#options;
    const pipeline = pipelines.get(pipelineId ?? '');
    if (pool.isDraining) socket.end(goingAwayCloseCode);
    else if (!pipelineId) refuse(socket, 'invalid_pipeline');
    else if (pipeline === undefined) refuse(socket, 'invalid_pipeline', `Unknown pipeline_id: ${pipelineId}`);
    else if (!hasRoom()) refuse(socket, 'server_busy');
    else this.#openSession(socket, pipeline);
  }

  #openSession(socket: Socket, pipeline: ServedPipeline): void {
    const { pool, log } = this.#options;
    const names = { sessionId: randomUUID(), pipelineId: pipeline.id };
    const session = new SessionManager({
      ...names,
      limits: limitsFor(pipeline, this.#options.limits),
      pool,
      outbox: outboxOf(socket),
      onError: (code: StreamErrorCode, reason: string) => {
        log[ourFaults.has(code) ? 'warn' : 'info']({ ...names, code, reason }, 'session ended');
      },
      onPressure: ({ before, state, rate }: BackpressureVerdict) => {
        log.info({ ...names, before, state, rate: Number(rate.toFixed(rateDigits)) }, 'backpressure');
      },
    });
    socket.getUserData().session = session;
    this.#sessions.add(session);
    log.debug(names, 'session opened');
  }

  #received(socket: Socket, message: ArrayBuffer, isBinary: boolean): void {
    const { session } = socket.getUserData();
    if (session === undefined) return;
    try {
      if (isBinary) session.receiveFrame(new Uint8Array(message));
      else session.receiveText();
    } catch (error) {
      this.#options.log.error({ err: error, sessionId: session.sessionId }, 'a message could not be handled');
      session.failInternally(String(error));
    }
  }

  #closed(socket: Socket): void {
    const data = socket.getUserData();
    data.open = false;
    if (data.session === undefined) return;
    const { sessionId, pipelineId, frameIndex: frames, droppedFrames: dropped } = data.session;
    data.session.gone();
    this.#sessions.delete(data.session);
    this.#options.log.debug({ sessionId, pipelineId, frames, dropped }, 'session closed');
  }
}

/** The upgrade is always accepted, so that the reason for a refusal reaches the client as JSON. */
function upgrade(response: HttpResponse, request: HttpRequest, context: Parameters<HttpResponse['upgrade']>[4]): void {
  const data: SocketData = { pipelineId: request.getQuery('pipeline_id'), session: undefined, open: true };
  response.upgrade(
    data,
    request.getHeader('sec-websocket-key'),
    request.getHeader('sec-websocket-protocol'),
    request.getHeader('sec-websocket-extensions'),
    context,
  );
}

function refuse(socket: Socket, code: StreamErrorCode, detail: string = streamErrors[code].detail): void {
  socket.send(encodeError(code, detail));
  socket.end(closeCodeOf(code));
}

/** A closed socket throws on every call, so each is asked first. Corked, since replies come from outside its handlers. */
function outboxOf(socket: Socket): Outbox {
  const data = socket.getUserData();
  return {
    send: (message) => {
      if (data.open) socket.cork(() => socket.send(message));
    },
    unreadBytes: () => (data.open ? socket.getBufferedAmount() : 0),
    close: (code) => {
      if (data.open) socket.end(code);
    },
  };
}
