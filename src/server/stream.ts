/** `GET /ws/video/stream`: sockets become sessions, messages become frames. Runs on the loop. */
import { randomUUID } from 'node:crypto';
import type { BlockList } from 'node:net';
import type { StreamErrorCode } from '../errors.ts';
import type { Log } from '../observe/log.ts';
import type { Pool } from '../pool/pool.ts';
import { goingAwayCloseCode, streamPath } from '../protocol.ts';
import type { Address, Addresses } from '../session/addresses.ts';
import type { BackpressureVerdict } from '../session/backpressure.ts';
import { type IdleLimits, OpenSessions } from '../session/open-sessions.ts';
import { type SessionLimits, SessionManager } from '../session/session-manager.ts';
import { normalizeSlashes } from './paths.ts';
import { clientAddress } from './peer-address.ts';
import { isHandshake } from './request-checks.ts';
import { respond, tooManyRequests } from './respond.ts';
import { limitsFor, type ServedPipeline } from './served-pipeline.ts';
import {
  acceptSocket,
  ClosingSockets,
  createOutbox,
  type Socket,
  type SocketData,
  socketSettings,
} from './stream-socket.ts';
import { guarded, type HttpRequest, type HttpResponse, type TemplatedApp } from './uws.ts';

export interface StreamOptions {
  readonly limits: SessionLimits & IdleLimits;
  /** Whether another session may be opened; may end an idle one to make room. */
  readonly hasRoom: () => boolean;
  /** Whether the process is above its memory limit; nothing new is admitted then. */
  readonly isOverMemoryLimit: () => boolean;
  /** See {@link socketSettings}. */
  readonly hardCapBytes: number;
  readonly pipelines: ReadonlyMap<string, ServedPipeline>;
  readonly pool: Pool;
  readonly addresses: Addresses;
  /** Proxies whose `X-Forwarded-For` is trusted. */
  readonly trustedProxies: BlockList;
  readonly log: Log;
  /** Called once per closed WebSocket. */
  readonly onClosed: () => void;
}

/** Session errors that an operator should look at; the others are caused by the peer. */
const internalErrorCodes: ReadonlySet<StreamErrorCode> = new Set(['pipeline_failure', 'internal_error']);

/** Decimal places of a drop rate in the log. */
const rateDigits = 3;

export class StreamEndpoint {
  readonly #options: StreamOptions;
  readonly #sessions: OpenSessions;
  readonly #closing = new ClosingSockets();

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#sessions = new OpenSessions(options.limits);
  }

  get sessions(): number {
    return this.#sessions.size;
  }

  register(app: TemplatedApp): void {
    const { log } = this.#options;
    // Matches every path: for a URL with an extra slash, a browser could not show the 404's message.
    app.ws<SocketData>('/*', {
      ...socketSettings(this.#options.hardCapBytes),
      upgrade: (response, request, context) =>
        guarded(log, () => {
          const isStream = normalizeSlashes(request.getUrl()) === streamPath;
          if (isStream && isHandshake(request)) this.#upgrade(response, request, context);
          else request.setYield(true);
        }),
      open: (socket) => guarded(log, () => this.#opened(socket)),
      message: (socket, message, isBinary) => guarded(log, () => this.#received(socket, message, isBinary)),
      ping: (socket) => guarded(log, () => this.#pinged(socket)),
      close: (socket) => guarded(log, () => this.#closed(socket)),
    });
  }

  /** Ends idle sessions and cuts sockets that do not close. Called periodically. */
  maintain(nowMs: number): void {
    this.#sessions.endIdle(nowMs);
    this.#closing.closeExpired(nowMs);
  }

  /** Ends the session that has been idle longest, if it has been idle long enough. */
  makeRoom(nowMs: number): boolean {
    return this.#sessions.makeRoom(nowMs);
  }

  /** Closes up to `count` sockets, those longest without a complete message first. @returns how many were closed. */
  closeIncomplete(count: number, nowMs: number): number {
    const sessions = this.#sessions.incomplete(count, nowMs);
    for (const session of sessions) session.endForMemory();
    return sessions.length;
  }

  /** For a draining pool: closes each session with 1001 once none of its frames is in flight. */
  closeWhenIdle(): void {
    for (const session of this.#sessions) session.closeWhenIdle();
  }

  /** Closes all remaining sessions with 1001, even with frames in flight. */
  closeNow(): void {
    for (const session of this.#sessions) session.closeNow();
  }

  /** Accepts the upgrade even if the session will be refused, so that the client receives the reason as JSON, except during a flood. */
  #upgrade(response: HttpResponse, request: HttpRequest, context: Parameters<HttpResponse['upgrade']>[4]): void {
    const { addresses, trustedProxies } = this.#options;
    const nowMs = performance.now();
    const address = addresses.enter(clientAddress(response, request, trustedProxies), nowMs);
    if (!address.takeConnect(nowMs)) {
      addresses.leave(address);
      respond(response, tooManyRequests);
      return;
    }
    const data: SocketData = { pipelineId: request.getQuery('pipeline_id'), address, session: undefined, open: true };
    acceptSocket(response, request, context, data);
  }

  #opened(socket: Socket): void {
    const { pipelineId, address } = socket.getUserData();
    const { pipelines, pool, isOverMemoryLimit } = this.#options;
    const pipeline = pipelines.get(pipelineId ?? '');
    if (pool.isDraining) this.#closing.end(socket, goingAwayCloseCode);
    else if (!pipelineId) this.#closing.refuse(socket, 'invalid_pipeline');
    else if (pipeline === undefined) {
      this.#closing.refuse(socket, 'invalid_pipeline', `Unknown pipeline_id: ${pipelineId}`);
    } else if (isOverMemoryLimit()) this.#closing.refuse(socket, 'server_busy', 'The gateway is short of memory');
    else if (!this.#hasRoomFor(address)) this.#closing.refuse(socket, 'server_busy');
    else this.#openSession(socket, pipeline);
  }

  /** An idle session is ended to make room for a new one. */
  #hasRoomFor(address: Address): boolean {
    const nowMs = performance.now();
    const ofAddress = (session: SessionManager) => session.address === address;
    if (!address.hasRoomForSession && !this.#sessions.makeRoom(nowMs, ofAddress)) return false;
    return this.#options.hasRoom();
  }

  #openSession(socket: Socket, pipeline: ServedPipeline): void {
    const { pool, log } = this.#options;
    const data = socket.getUserData();
    const names = { sessionId: randomUUID(), pipelineId: pipeline.id };
    const session = new SessionManager({
      ...names,
      address: data.address,
      limits: limitsFor(pipeline, this.#options.limits),
      pool,
      outbox: createOutbox(socket, this.#closing),
      onError: (code: StreamErrorCode, reason: string) => {
        log[internalErrorCodes.has(code) ? 'warn' : 'info']({ ...names, code, reason }, 'session ended');
      },
      onStateChange: ({ before, state, rate }: BackpressureVerdict) => {
        log.info({ ...names, before, state, rate: Number(rate.toFixed(rateDigits)) }, 'session state changed');
      },
      onEnd: () => {
        data.address.sessions -= 1;
        this.#sessions.delete(session);
      },
    });
    data.session = session;
    data.address.sessions += 1;
    this.#sessions.add(session, performance.now());
    log.debug(names, 'session opened');
  }

  #received(socket: Socket, message: ArrayBuffer, isBinary: boolean): void {
    const { session } = socket.getUserData();
    const nowMs = performance.now();
    if (!this.#isWithinRate(socket, nowMs) || session === undefined) return;
    try {
      this.#sessions.touch(session, nowMs);
      if (isBinary) session.receiveFrame(new Uint8Array(message));
      else session.receiveText();
    } catch (error) {
      this.#options.log.error({ err: error, sessionId: session.sessionId }, 'message handling failed');
      session.failInternally(String(error));
    }
  }

  #pinged(socket: Socket): void {
    if (this.#isWithinRate(socket, performance.now())) socket.getUserData().session?.receivePing();
  }

  /** Counts a message or a ping. If an address exceeds its rate, a session above its share ends; a peer that continues is cut. */
  #isWithinRate(socket: Socket, nowMs: number): boolean {
    const { session, address } = socket.getUserData();
    const count = session === undefined ? 0 : this.#sessions.count(session, nowMs);
    if (address.takeFrame(nowMs)) return true;
    if (session === undefined || count === 0) socket.close();
    else if (address.isAboveShare(count)) session.endRateLimited();
    else return true;
    return false;
  }

  #closed(socket: Socket): void {
    const data = socket.getUserData();
    data.open = false;
    this.#closing.delete(socket);
    this.#options.addresses.leave(data.address);
    this.#options.onClosed();
    if (data.session === undefined) return;
    const { sessionId, pipelineId, frameIndex: frames, droppedFrames: dropped } = data.session;
    data.session.socketClosed();
    this.#options.log.debug({ sessionId, pipelineId, frames, dropped }, 'session closed');
  }
}
