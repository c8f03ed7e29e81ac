/**
 * Names what is wrong with a session, and on which side: camera, network or gateway. Pure.
 *
 * What the figures can tell apart: an answered ping shows that the network and the client's WebSocket library work, so frames that stay
 * away then are the camera's. Replies that wait for a worker show that a client paces itself to the gateway, which is no problem. What
 * they cannot: a camera whose uplink has always been slow from one that has always been slow, unless its pings are slow too.
 */
import type { StreamErrorCode } from '../errors.ts';
import {
  type DropReason,
  type EarlierSessions,
  type EndedSession,
  type OpenSession,
  type Problem,
  type ProblemCode,
  problemSides,
} from '../status.ts';

/** What a diagnosis needs to know of a session. */
export type SessionFacts = OpenSession & Partial<EarlierSessions>;

/** An error of an earlier session counts for this long. */
const recentErrorS = 60;
/** A camera is silent after this many of its usual intervals, and not before this many seconds. */
const maxMissedFrames = 5;
const minSilentS = 5;
/** A ping that is not answered for longer will probably not be. */
const maxUnansweredS = 5;
/** A camera that has sent a frame this recently is still sending. */
const sendingS = 2;
/** More than a few replies. */
const minUnreadBytes = 16_384;
/** A live picture from further away is late. */
const slowRoundTripMs = 300;
/** Cut connections, in ten minutes, that are more than bad luck. */
const minCuts = 3;
/** Dropped frames, in ten seconds, that are more than a burst. */
const minDrops = 2;
/** Workers that a camera must need for itself before its pipeline is called slow, and its share of what all cameras need. */
const minWorkersNeeded = 0.9;
const minShareOfLoad = 0.5;
/** Seconds without a frame, of the last 30, that are irregular for a camera with this many frames per second. */
const minGaps = 3;
const minRateForGaps = 2;
/** A camera that usually sends less has long pauses anyway: it is triggered by motion, for example. */
const minUsualRateForGaps = 1;
/** Below this fraction of its usual rate, a camera has slowed down. Its usual rate is known after some time. */
const slowedFraction = 1 / 3;
const minConnectedS = 60;
/** Frames of a session that wait for a worker on average, from which on the client paces itself to the gateway. */
const minWaitingFrames = 0.1;

const msPerSecond = 1000;
const percent = 100;

/** Drops that more workers or more memory would avoid. */
const gatewayDrops: readonly DropReason[] = [
  'busy',
  'displaced',
  'expired',
  'memory_full',
  'worker_lost',
  'engine_lost',
  'host_lost',
];

const problemOfError: Readonly<Record<StreamErrorCode, ProblemCode>> = {
  invalid_frame: 'bad_frames',
  frame_too_large: 'bad_frames',
  invalid_message: 'bad_frames',
  pipeline_failure: 'failing_pipeline',
  internal_error: 'failing_pipeline',
  slow_reader: 'slow_reader',
  rate_limited: 'too_many_frames',
  idle_timeout: 'silent_camera',
  server_busy: 'gateway_busy',
  // Of an open session: a reload has removed its pipeline, or its token has expired or was revoked.
  invalid_pipeline: 'not_served',
  unauthorized: 'not_served',
  forbidden: 'not_served',
};

/** What all sessions together need, by their times and rates, and what there is. */
export interface WorkerLoad {
  readonly needed: number;
  /** Workers that are ready or busy. */
  readonly workers: number;
}

/** The workers that a session needs to have all its frames processed; 0 before its first result. */
export function workersNeeded({
  service_ms: serviceMs = 0,
  frames_per_s: rate,
}: Pick<OpenSession, 'service_ms' | 'frames_per_s'>): number {
  return (serviceMs * rate) / msPerSecond;
}

/**
 * @param dropThreshold share of dropped frames above which drops are a problem.
 * @returns the worst problem, or undefined if the session does well.
 */
export function diagnose(session: SessionFacts, dropThreshold: number, load: WorkerLoad): Problem | undefined {
  return (
    earlierError(session) ??
    unreadReplies(session) ??
    silence(session) ??
    cutConnections(session) ??
    slowPings(session) ??
    drops(session, dropThreshold, load) ??
    slowFrames(session)
  );
}

/** What the end of a session says about its camera; undefined after a normal end. */
export function problemOfEnd({ error, detail = '', ended_by: by }: EndedSession): Problem | undefined {
  if (error !== undefined) return problem(problemOfError[error], `The gateway ended the session: ${detail}.`);
  if (by !== 'network') return undefined;
  return problem(
    'unstable_network',
    'The connection was cut without a close: the network failed, or the client exited.',
  );
}

function earlierError({ last_error: last, reconnects = 0 }: SessionFacts): Problem | undefined {
  if (last === undefined || last.seconds_ago > recentErrorS) return undefined;
  const times = reconnects > 1 ? `, and it has reconnected ${reconnects} times in ten minutes` : '';
  const text = `Its last session was ended ${last.seconds_ago} s ago with ${last.code} (${last.detail})${times}.`;
  return problem(problemOfError[last.code], text);
}

/** Replies that are not received, although frames still come; or neither. */
function unreadReplies(session: SessionFacts): Problem | undefined {
  const {
    unread_bytes: unread,
    unanswered_ping_s: unanswered = 0,
    recent_drop_reasons: recent,
    idle_s: idle,
  } = session;
  const dropped = recent.slow_reader ?? 0;
  if (unread < minUnreadBytes && unanswered < maxUnansweredS && dropped === 0) return undefined;
  const signs = [
    ...(unanswered >= maxUnansweredS ? [`it has not answered a ping for ${unanswered} s`] : []),
    ...(unread > 0 ? [`${inKilobytes(unread)} are unread`] : []),
    ...(dropped > 0 ? [`${dropped} of its results were dropped in 10 s`] : []),
  ].join(', ');
  if (idle < sendingS) return problem('slow_reader', `It sends frames, but does not read its replies: ${signs}.`);
  return problem('slow_network', `No frame for ${idle} s, and ${signs}: the network is cut, or the client hangs.`);
}

function silence({ frames, idle_s: idle, usual_frames_per_s: usual, round_trip_ms: trip }: SessionFacts) {
  const answers = trip === undefined ? '' : ' It still answers pings.';
  if (frames === 0 && idle >= minSilentS) {
    return problem('silent_camera', `It connected ${idle} s ago and has not sent a frame.${answers}`);
  }
  if (!usual || idle < Math.max(minSilentS, maxMissedFrames / usual)) return undefined;
  return problem('silent_camera', `No frame for ${idle} s; it usually sends ${rateText(usual)}.${answers}`);
}

function cutConnections({ cuts = 0 }: SessionFacts): Problem | undefined {
  if (cuts < minCuts) return undefined;
  return problem(
    'unstable_network',
    `Its connection was cut ${cuts} times in ten minutes: the network fails, or the client exits.`,
  );
}

function slowPings({ round_trip_median_ms: median = 0 }: SessionFacts): Problem | undefined {
  if (median < slowRoundTripMs) return undefined;
  return problem('slow_network', `A ping and its answer take ${median} ms (median).`);
}

function drops(session: SessionFacts, dropThreshold: number, load: WorkerLoad): Problem | undefined {
  const { recent_drop_reasons: recent, recent_frames: counts, service_ms: serviceMs = 0 } = session;
  const dropped = gatewayDrops.reduce((sum, reason) => sum + (recent[reason] ?? 0), 0);
  const frames = Math.max(dropped, sumOf(counts.slice(-10)));
  if (dropped < minDrops || dropped / frames <= dropThreshold) return undefined;
  const share = `${dropped} of ${frames} frames were dropped in 10 s (${Math.round((dropped / frames) * percent)} %)`;
  const needed = workersNeeded(session);
  const all = `All sessions together need ${inTenths(load.needed)}; ready: ${load.workers}.`;
  if (needed >= minWorkersNeeded && needed >= load.needed * minShareOfLoad) {
    const own = `a frame takes ${serviceMs} ms and ${session.frames_per_s} come per second`;
    return problem('slow_pipeline', `${share}: ${own}, which needs ${workersText(needed)}. ${all}`);
  }
  const reasons = gatewayDrops.flatMap((reason) => (recent[reason] ? [`${reason} ${recent[reason]}`] : []));
  const text = `${share}: no worker was free in time (${reasons.join(', ')}). It needs ${workersText(needed)}. ${all}`;
  return problem('gateway_busy', text);
}

/** Frames that come irregularly or seldom, compared with the session's usual rate. */
function slowFrames(session: SessionFacts): Problem | undefined {
  const { usual_frames_per_s: usual = 0, round_trip_max_ms: maxTrip = 0, connected_s: connected } = session;
  const recent = session.recent_frames.slice(-Math.max(1, Math.floor(connected)));
  const rate = sumOf(recent) / recent.length;
  const gaps = recent.filter((count) => count === 0).length;
  // Its own pauses lower the usual rate, so its rate between them counts as well.
  const rateBetweenGaps = sumOf(recent) / Math.max(1, recent.length - gaps);
  const isFrequent = usual >= minRateForGaps || (usual >= minUsualRateForGaps && rateBetweenGaps >= minRateForGaps);
  const hasGaps = isFrequent && gaps >= minGaps;
  const hasSlowed = connected >= minConnectedS && usual >= 1 && rate < usual * slowedFraction;
  if (!(hasGaps || hasSlowed) || isPaced(session, rate)) return undefined;
  const what = hasGaps
    ? `No frame came in ${gaps} of the last ${recent.length} seconds; it usually sends ${rateText(usual)}`
    : `It sends ${rateText(rate)}, usually ${rateText(usual)}`;
  if (maxTrip >= slowRoundTripMs) return problem('slow_network', `${what}, and a ping took up to ${maxTrip} ms.`);
  return problem('slow_camera', `${what}. Pings are fast.`);
}

/** Whether frames wait for a worker: the client then sends what the gateway can process. By Little's law, rate × wait is their number. */
function isPaced({ service_ms: serviceMs = 0, reply_ms: replyMs = 0 }: SessionFacts, rate: number): boolean {
  return (rate * (replyMs - serviceMs)) / msPerSecond >= minWaitingFrames;
}

/** @param text one sentence for people, with the figures. */
export function problem(code: ProblemCode, text: string): Problem {
  return { code, side: problemSides[code], text };
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

function rateText(framesPerSecond: number): string {
  if (framesPerSecond >= 1 || framesPerSecond === 0) return `${inTenths(framesPerSecond)} per second`;
  return `one every ${inTenths(1 / framesPerSecond)} s`;
}

function workersText(needed: number): string {
  const workers = inTenths(needed);
  return workers === 1 ? '1 worker' : `${workers || 'less than 0.1'} workers`;
}

function inTenths(value: number): number {
  return Math.round(value * 10) / 10;
}

function inKilobytes(bytes: number): string {
  return `${Math.round(bytes / 1000)} KB`;
}
