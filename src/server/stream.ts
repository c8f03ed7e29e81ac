/** `GET /ws/video/stream`: sockets become sessions, messages become frames. Runs on the loop. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type StreamErrorCode, streamErrors } from '../errors.ts';
import { namesOf } from '../observe/event-log.ts';
import type { Pool } from '../pool/pool.ts';
import { goingAwayCloseCode, type MoveReason, noHostDetail, streamPath, unknownPipelineDetail } from '../protocol.ts';
import type { Address } from '../session/addresses.ts';
import { type IdleLimits, OpenSessions } from '../session/open-sessions.ts';
import { SessionManager } from '../session/session-manager.ts';
import { SessionMoves } from '../session/session-moves.ts';
import type { SessionLimits } from '../session/session-parts.ts';
import type { TokenUse, TokenUses } from '../session/token-uses.ts';
import { normalizeSlashes } from './paths.ts';
import { isHandshake } from './request-checks.ts';
import { limitsFor, type ServedPipeline, type ServedPipelines } from './served-pipeline.ts';
import { SessionPermits } from './session-permits.ts';
import { ClosingSockets, createOutbox, type Socket, type SocketData, socketSettings } from './stream-socket.ts';
import { acceptUpgrade, type UpgradeOptions } from './stream-upgrade.ts';
import { guarded, type TemplatedApp } from './uws.ts';

export interface StreamOptions extends UpgradeOptions {
  readonly limits: SessionLimits & IdleLimits & { readonly maxSessionAgeMs: number };
  /** Whether another session may be opened; may end an idle one to make room. */
  readonly hasRoom: () => boolean;
  /** Whether the process is above its memory limit; nothing new is admitted then. */
  readonly isOverMemoryLimit: () => boolean;
  /** See {@link socketSettings}. */
  readonly hardCapBytes: number;
  readonly pipelines: ServedPipelines;
  readonly pool: Pool;
  readonly tokens: TokenUses;
  /** Called once per closed WebSocket. */
  readonly onClosed: () => void;
}

/** Reported for a connection that was cut without a close frame (RFC 6455, 7.1.5). */
const abnormalCloseCode = 1006;

/** The longest wait before a shutdown notices that no session is left to move. */
const maxMoveWaitMs = 100;

export class StreamEndpoint {
  readonly #options: StreamOptions;
  readonly #sessions: OpenSessions;
  readonly #moves: SessionMoves;
  readonly #permits: SessionPermits;
  #isStopping = false;
  readonly #closing = new ClosingSockets();

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#sessions = new OpenSessions(options.limits);
    this.#moves = new SessionMoves(options.limits.maxSessionAgeMs);
    this.#permits = new SessionPermits(options.authorizer, options.tokens);
  }

  get sessions(): number {
    return this.#sessions.size;
  }

  /** The open sessions. */
  [Symbol.iterator](): IterableIterator<SessionManager> {
    return this.#sessions[Symbol.iterator]();
  }

  register(app: TemplatedApp): void {
    const { log } = this.#options;
    // Matches every path: for a URL with an extra slash, a browser could not show the 404's message.
    app.ws<SocketData>('/*', {
      ...socketSettings(this.#options.hardCapBytes),
      upgrade: (response, request, context) =>
        guarded(log, () => {
          const isStream = normalizeSlashes(request.getUrl()) === streamPath;
          if (isStream && isHandshake(request)) acceptUpgrade(this.#options, { response, request, context });
          else request.setYield(true);
        }),
      open: (socket) => guarded(log, () => this.#opened(socket)),
      message: (socket, message, isBinary) => guarded(log, () => this.#received(socket, message, isBinary)),
      ping: (socket) => guarded(log, () => this.#pinged(socket)),
      pong: (socket, payload) => guarded(log, () => this.#ponged(socket, payload)),
      close: (socket, code, reason) => guarded(log, () => this.#closed(socket, code, reason)),
    });
  }

  /** Ends idle sessions, moves old ones, cuts sockets that do not close, and measures round trips. Called periodically. */
  maintain(nowMs: number): void {
    this.#sessions.endIdle(nowMs);
    this.#moves.moveDue(nowMs);
    this.#closing.closeExpired(nowMs);
    this.#permits.endUnauthorized(nowMs);
    for (const session of this.#sessions) session.ping(nowMs);
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

  /** Ends the sessions whose pipeline a reload has removed. */
  endRemoved(): void {
    const { pipelines } = this.#options;
    for (const session of this.#sessions) {
      const { pipelineId } = session.source;
      if (!pipelines.has(pipelineId)) session.endWith('invalid_pipeline', unknownPipelineDetail(pipelineId));
    }
  }

  /**
   * For a shutdown: opens no more sessions, and asks the open ones to move, one after the other over `overMs`. Resolves then, or as soon
   * as none is left.
   */
  async moveAll(overMs: number): Promise<void> {
    this.#isStopping = true;
    const startMs = performance.now();
    this.#moves.spread(startMs, overMs);
    for (let nowMs = startMs; ; nowMs = performance.now()) {
      this.#moves.moveDue(nowMs);
      const leftMs = startMs + overMs - nowMs;
      if (this.sessions === 0 || leftMs <= 0) return;
      // A session may end by itself in the meantime.
      await sleep(Math.min(Math.max(0, this.#moves.nextDueMs - nowMs), leftMs, maxMoveWaitMs));
    }
  }

  /** Closes all remaining sessions with 1001, even with frames in flight. */
  closeNow(): void {
    for (const session of this.#sessions) session.closeNow();
  }

  #opened(socket: Socket): void {
    const { pipelineId, address, access } = socket.getUserData();
    const { pipelines, pool, tokens, isOverMemoryLimit } = this.#options;
    const pipeline = pipelines.get(pipelineId ?? '');
    const token = access.allowed && access.permit ? tokens.of(access.permit.grant, performance.now()) : undefined;
    if (this.#isStopping) this.#closing.end(socket, goingAwayCloseCode, 'shutdown' satisfies MoveReason);
    else if (!access.allowed) this.#refuse(socket, access.code, access.detail);
    else if (!pipelineId) this.#refuse(socket, 'invalid_pipeline');
    else if (pipeline === undefined) this.#refuse(socket, 'invalid_pipeline', unknownPipelineDetail(pipelineId));
    else if (!pool.canRun(pipelineId)) this.#refuse(socket, 'server_busy', noHostDetail);
    else if (isOverMemoryLimit()) this.#refuse(socket, 'server_busy', 'The gateway is short of memory');
    else if (token?.hasRoomForSession === false) this.#refuse(socket, 'server_busy', 'Too many sessions of this token');
    else if (!this.#hasRoomFor(address)) this.#refuse(socket, 'server_busy');
    else this.#openSession(socket, pipeline, token);
  }

  #refuse(socket: Socket, code: StreamErrorCode, detail: string = streamErrors[code].detail): void {
    const { address, camera, pipelineId } = socket.getUserData();
    const names = { endpoint: 'stream', address: address.name, camera, pipelineId } as const;
    this.#options.observer.emit('refused', { ...names, code, detail });
    this.#closing.refuse(socket, code, detail);
  }

  /** An idle session is ended to make room for a new one. */
  #hasRoomFor(address: Address): boolean {
    const nowMs = performance.now();
    const ofAddress = (session: SessionManager) => session.address === address;
    if (!address.hasRoomForSession && !this.#sessions.makeRoom(nowMs, ofAddress)) return false;
    return this.#options.hasRoom();
  }

  #openSession(socket: Socket, pipeline: ServedPipeline, token: TokenUse | undefined): void {
    const { pool, observer } = this.#options;
    const data = socket.getUserData();
    const { address, camera } = data;
    const session = new SessionManager({
      source: { sessionId: randomUUID(), camera, pipelineId: pipeline.id, address: address.name },
      limits: limitsFor(pipeline, this.#options.limits),
      outbox: createOutbox(socket, this.#closing),
      ...{ address, token, pool, observer },
      onEnd: () => {
        address.sessions -= 1;
        if (token !== undefined) token.sessions -= 1;
        this.#sessions.delete(session);
        this.#moves.delete(session);
        this.#permits.delete(session);
      },
    });
    data.session = session;
    address.sessions += 1;
    if (token !== undefined) token.sessions += 1;
    if (data.access.allowed && data.access.permit) this.#permits.add(session, data.access.permit);
    const nowMs = performance.now();
    this.#sessions.add(session, nowMs);
    this.#moves.add(session, nowMs);
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
      this.#options.log.error(
        'unexpected_error',
        { ...namesOf(session.source), err: error },
        'message handling failed',
      );
      session.failInternally(String(error));
    }
  }

  #pinged(socket: Socket): void {
    if (this.#isWithinRate(socket, performance.now())) socket.getUserData().session?.receivePing();
  }

  #ponged(socket: Socket, payload: ArrayBuffer): void {
    const nowMs = performance.now();
    if (!this.#isWithinRate(socket, nowMs)) return;
    socket.getUserData().session?.receivePong(Buffer.from(payload).toString('latin1'), nowMs);
  }

  /** Counts a message, a ping or a pong. If an address exceeds its rate, a session above its share ends; a peer that continues is cut. */
  #isWithinRate(socket: Socket, nowMs: number): boolean {
    const { session, address } = socket.getUserData();
    const count = session === undefined ? 0 : this.#sessions.count(session, nowMs);
    if (address.takeFrame(nowMs)) return true;
    if (session === undefined || count === 0) socket.close();
    else if (address.isAboveShare(count)) session.endWith('rate_limited');
    else return true;
    return false;
  }

  #closed(socket: Socket, closeCode: number, reason: ArrayBuffer): void {
    const data = socket.getUserData();
    data.open = false;
    this.#closing.delete(socket);
    this.#options.addresses.leave(data.address);
    this.#options.onClosed();
    const { session } = data;
    if (session === undefined) return;
    const { error, hasEnded, source } = session;
    session.socketClosed();
    this.#options.observer.emit('sessionEnded', source, {
      by: hasEnded ? 'gateway' : closeCode === abnormalCloseCode ? 'network' : 'client',
      closeReason: Buffer.from(reason).toString('utf8'),
      ...{ closeCode, error },
      status: session.totals(performance.now()),
    });
  }
}
