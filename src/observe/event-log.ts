/** Writes a log line for each event that an operator should know of. Main thread. */
import type { Log } from './log.ts';
import type { Observers, Source } from './observer.ts';

/** Errors that an operator should look at; the others are caused by the peer. */
const internalErrorCodes: ReadonlySet<string> = new Set(['pipeline_failure', 'internal_error']);

/** Decimal places of a drop rate. */
const rateDigits = 3;

/** Subscribes to everything that is logged. */
export function logEvents(observers: Observers, log: Log): void {
  observers.on('sessionOpened', (source) => log.debug(namesOf(source), 'session opened'));
  observers.on('sessionFailed', (source, { code, reason }) => {
    log[levelOf(code)]({ ...namesOf(source), code, reason }, 'session ended');
  });
  observers.on('stateChanged', (source, { before, state, rate }) => {
    log.info({ ...namesOf(source), before, state, rate: Number(rate.toFixed(rateDigits)) }, 'session state changed');
  });
  observers.on('sessionEnded', (source, { status: { frames, dropped } }) => {
    log.debug({ ...namesOf(source), frames, dropped }, 'session closed');
  });
  observers.on('frameEnded', (source, { end }) => {
    if (end.type !== 'failed' || source.sessionId !== undefined || !internalErrorCodes.has(end.code)) return;
    log.warn({ ...namesOf(source), code: end.code, reason: end.reason }, 'frame failed');
  });
  observers.on('frameTimedOut', ({ source, frameIndex }) => {
    log.error({ ...namesOf(source), frameIndex }, 'frame timed out; worker taken out of service');
  });
  observers.on('workerExited', ({ error, frame }) => {
    const names = frame === undefined ? {} : { ...namesOf(frame.source), frameIndex: frame.frameIndex };
    log.error({ err: error, ...names }, 'worker exited unexpectedly');
  });
  observers.on('workerTerminated', () => log.error('stuck thread terminated'));
}

function levelOf(code: string): 'warn' | 'info' {
  return internalErrorCodes.has(code) ? 'warn' : 'info';
}

function namesOf({ sessionId, camera, pipelineId }: Source): object {
  return { sessionId, camera, pipelineId };
}
