/** Writes a log line for each event that an operator should know of. Main thread. */
import type { Log, LogFields } from './log.ts';
import type { FrameReport, Observers, Refusal, SessionEnd, Source, WorkerExit } from './observer.ts';

/** Errors that an operator should look at; the others are caused by the peer. */
const internalErrorCodes: ReadonlySet<string> = new Set(['pipeline_failure', 'internal_error']);

const refusalEvents = {
  stream: 'stream_refused',
  frames: 'frame_refused',
  plain: 'request_refused',
} as const;

/** Longer text is cut: a peer chooses some of it, and a reason may quote a whole file. */
const maxTextLength = 1000;

const rateDigits = 3;
const timeDigits = 1;

export interface EventLogOptions {
  /** A frame that takes longer from its arrival until its reply is logged; 0 for none. */
  readonly slowFrameMs?: number;
}

/** Subscribes to everything that is logged. */
export function logEvents(observers: Observers, log: Log, { slowFrameMs = 0 }: EventLogOptions = {}): void {
  logSessions(observers, log);
  logFrames(observers, log, slowFrameMs);
  logWorkers(observers, log);
}

function logSessions(observers: Observers, log: Log): void {
  observers.on('sessionOpened', (source) => log.info('stream_connect', namesOf(source), 'session opened'));
  observers.on('sessionEnded', (source, end) => {
    log.info('stream_disconnect', { ...namesOf(source), ...endOf(end) }, 'session closed');
  });
  observers.on('sessionFailed', (source, { code, reason, frameIndex }) => {
    const fields = { ...namesOf(source), frame_index: frameIndex, code, reason: cut(reason) };
    log[levelOf(code)]('stream_error', fields, 'session ended');
  });
  observers.on('stateChanged', (source, { before, state, rate, dropReasons }) => {
    const fields = { ...namesOf(source), before, state, drop_rate: round(rate, rateDigits), drop_reasons: dropReasons };
    log.info('stream_state', fields, 'session state changed');
  });
  observers.on('refused', (refusal) => {
    const message = refusal.endpoint === 'stream' ? 'connection refused' : 'request refused';
    log.warn(refusalEvents[refusal.endpoint], refusalOf(refusal), message);
  });
}

function logFrames(observers: Observers, log: Log, slowFrameMs: number): void {
  observers.on('frameEnded', (source, report) => {
    const { end, frameIndex } = report;
    const names = { ...namesOf(source), frame_index: frameIndex };
    if (end.type === 'result' && slowFrameMs > 0 && report.totalMs > slowFrameMs) {
      log.warn('frame_slow', { ...names, ...timesOf(report), stages_ms: stagesOf(end.timings) }, 'slow frame');
    }
    // The error of a session's frame is its `stream_error`.
    if (end.type !== 'failed' || source.sessionId !== undefined) return;
    log[levelOf(end.code)]('frame_error', { ...names, code: end.code, reason: cut(end.reason) }, 'frame failed');
  });
  observers.on('frameTimedOut', ({ source, frameIndex }) => {
    const fields = { ...namesOf(source), frame_index: frameIndex };
    log.error('frame_timeout', fields, 'frame timed out; worker taken out of service');
  });
}

function logWorkers(observers: Observers, log: Log): void {
  observers.on('workerReady', ({ bootMs, pipelines }) => {
    log.info('worker_ready', { boot_ms: Math.round(bootMs), pipelines }, 'worker ready');
  });
  observers.on('workerExited', (exit) => log.error('worker_exit', exitOf(exit), 'worker exited unexpectedly'));
  observers.on('workerTerminated', () => log.error('worker_stuck', {}, 'stuck worker terminated'));
}

function levelOf(code: string): 'error' | 'info' {
  return internalErrorCodes.has(code) ? 'error' : 'info';
}

/** The keys by which lines of the same session, camera or address are found. */
export function namesOf({ sessionId, camera, pipelineId, address }: Source): LogFields {
  return { session: sessionId, camera, pipeline: pipelineId, address };
}

/** The same keys as in `GET /sessions`. */
function endOf({ by, closeCode, closeReason, error, status }: SessionEnd): LogFields {
  const { id: _, camera: __, pipeline: ___, address: ____, connected_s, ...totals } = status;
  return {
    ended_by: by,
    close_code: closeCode,
    close_reason: closeReason === '' ? undefined : cut(closeReason),
    error: error?.code,
    seconds: connected_s,
    ...totals,
  };
}

function refusalOf({ address, camera, pipelineId, code, detail }: Refusal): LogFields {
  return {
    camera,
    pipeline: pipelineId === undefined ? undefined : cut(pipelineId),
    address,
    code,
    detail: cut(detail),
  };
}

function timesOf({ byteLength, validateMs, holdMs, totalMs }: FrameReport): LogFields {
  const [validate_ms, hold_ms, total_ms] = [validateMs, holdMs, totalMs].map((ms) => round(ms, timeDigits));
  return { total_ms, hold_ms, validate_ms, bytes: byteLength };
}

function stagesOf(timings: Readonly<Record<string, number>>): LogFields {
  return Object.fromEntries(Object.entries(timings).map(([stage, ms]) => [stage, round(ms, timeDigits)]));
}

function exitOf({ error, frame }: WorkerExit): LogFields {
  return frame === undefined ? { err: error } : { ...namesOf(frame.source), frame_index: frame.frameIndex, err: error };
}

function cut(text: string): string {
  return text.length > maxTextLength ? `${text.slice(0, maxTextLength)}…` : text;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
