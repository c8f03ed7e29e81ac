/** Words and figures for the page Cameras. Pure. */
import type { EndedSession, ProblemCode, ProblemSide } from '../status.ts';
import { isGone, isRefused, type Row } from './camera-rows.ts';

const noValue = '–';
const columns = ['frames', 'results', 'dropped', 'reply', 'trip', 'idle', 'connected'] as const;
const secondsPerMinute = 60;
const secondsPerHour = 3600;
const secondsPerDay = 86_400;
const percent = 100;

const problemNames: Readonly<Record<ProblemCode, string>> = {
  refused: 'Refused',
  bad_frames: 'Bad frames',
  failing_pipeline: 'Pipeline fails',
  not_served: 'Not served any more',
  silent_camera: 'Silent',
  slow_reader: 'Does not read replies',
  too_many_frames: 'Too many frames',
  unstable_network: 'Connection cut',
  slow_network: 'Slow',
  slow_pipeline: 'Slow pipeline',
  gateway_busy: 'Busy',
  slow_camera: 'Slow',
};

const sideNames: Readonly<Record<ProblemSide, string>> = {
  camera: 'Camera',
  network: 'Network',
  gateway: 'Gateway',
};

/** What a row says of its state, in words: `Camera: Bad frames`. */
export function stateText({ problem, session }: Row): string {
  const gone = isGone(session) ? ', not back' : '';
  if (problem !== undefined) return `${sideNames[problem.side]}: ${problemNames[problem.code]}${gone}`;
  if (isGone(session) || isRefused(session)) return 'Disconnected';
  return session.state === 'normal' ? 'OK' : 'OK, a few frames dropped';
}

/** The figures of a row's columns. */
export function cellsOf({ session }: Row): Readonly<Record<string, string>> {
  if (isRefused(session)) return Object.fromEntries(columns.map((column) => [column, noValue]));
  const { reply_ms: replyMs, round_trip_ms: tripMs, connected_s: connectedS } = session;
  const common = { reply: inMs(replyMs), trip: inMs(tripMs), connected: durationText(connectedS) };
  if (isGone(session)) return { ...common, frames: noValue, results: noValue, dropped: noValue, idle: noValue };
  return {
    ...common,
    frames: session.frames_per_s.toFixed(1),
    results: session.results_per_s.toFixed(1),
    dropped: `${Math.round(session.drop_rate * percent)} %`,
    idle: session.idle_s < 2 ? 'now' : `${durationText(session.idle_s)} ago`,
  };
}

/** All figures of a row, by their keys in `/sessions`. */
export function detailsOf({ session }: Row): readonly (readonly [key: string, value: string])[] {
  return Object.entries(session).flatMap(([key, value]) =>
    Array.isArray(value) || key === 'problem' ? [] : [[key, valueText(value)] as const],
  );
}

function valueText(value: unknown): string {
  if (typeof value === 'number') return value.toLocaleString('en-US');
  if (typeof value !== 'object' || value === null) return String(value);
  const parts = Object.entries(value).map(([key, part]) => `${key}: ${String(part)}`);
  return parts.join(', ') || 'none';
}

/** How a session ended. */
export function endText({ ended_by: by, close_code: code, error, detail, problem }: EndedSession): string {
  if (error !== undefined) return `Gateway: ${error}, ${detail ?? ''} (${code})`;
  if (problem !== undefined) return problem.text;
  return by === 'gateway' ? `Closed by the gateway (${code})` : `Closed by the client (${code})`;
}

/** `8 s`, `12 min`, `3 h 20 min`, `2 d 4 h`. */
export function durationText(seconds: number): string {
  if (seconds < secondsPerMinute) return `${Math.round(seconds)} s`;
  if (seconds < secondsPerHour) return `${Math.floor(seconds / secondsPerMinute)} min`;
  const [size, unit, lower, lowerUnit] =
    seconds < secondsPerDay
      ? ([secondsPerHour, 'h', secondsPerMinute, 'min'] as const)
      : ([secondsPerDay, 'd', secondsPerHour, 'h'] as const);
  return `${Math.floor(seconds / size)} ${unit} ${Math.floor((seconds % size) / lower)} ${lowerUnit}`;
}

/** `1 of 12 cameras has a problem`. */
export function summaryText(problems: number, cameras: number): string {
  if (cameras === 0) return 'No camera is connected';
  if (problems === 0) return cameras === 1 ? 'The camera is OK' : `All ${cameras} cameras are OK`;
  return `${problems} of ${cameras} ${cameras === 1 ? 'camera' : 'cameras'} ${problems === 1 ? 'has' : 'have'} a problem`;
}

function inMs(value: number | undefined): string {
  return value === undefined ? noValue : `${Math.round(value)} ms`;
}
