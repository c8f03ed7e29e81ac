/** The rows of the page Cameras: one per camera, found again when it reconnects; filtered and sorted. Pure. */
import {
  cameraKey,
  type EndedSession,
  type ListedSession,
  type Problem,
  problemSides,
  type RefusedCamera,
  type SessionStatus,
  type SessionsReply,
} from '../status.ts';

/** A camera that is connected, that has ended with a problem and is not back, or whose connection is refused. */
export interface Row {
  /** Stays the same when the camera reconnects. */
  readonly key: string;
  /** The camera's name; without one, its address. */
  readonly name: string;
  readonly problem: Problem | undefined;
  readonly session: ListedSession | EndedSession | RefusedCamera;
}

/** A column that can be sorted. */
export type SortKey = 'problem' | 'camera' | 'frames' | 'results' | 'dropped' | 'reply' | 'trip' | 'idle' | 'connected';

export interface Sorting {
  readonly by: SortKey;
  readonly isDescending: boolean;
}

/** A camera that has not come back for this long has probably been removed. */
const goneMs = 600_000;

const severities: ReadonlyMap<string, number> = new Map(
  Object.keys(problemSides)
    .toReversed()
    .map((code, index) => [code, index + 1]),
);

/** The rows of a reply, in no particular order. */
export function rowsOf({ time, sessions, ended, refused }: SessionsReply): Row[] {
  const keys = sessions.map(cameraKey);
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  const open = sessions.map((session, index): Row => {
    const key = keys[index] ?? '';
    return { ...named(session), key: counts.get(key) === 1 ? key : session.id, problem: session.problem, session };
  });
  const turnedAway = refused.map((session): Row => {
    const key = cameraKey(session);
    return { ...named(session), key: counts.has(key) ? `refused ${key}` : key, problem: session.problem, session };
  });
  const gone = new Map(turnedAway.map((row) => [row.key, row]));
  for (const session of ended) {
    const key = cameraKey(session);
    if (counts.has(key) || gone.has(key)) continue;
    // The newest end of a camera decides: after a normal one it has not disappeared.
    gone.set(key, { ...named(session), key, problem: session.problem, session });
  }
  const nowMs = Date.parse(time);
  const missing = [...gone.values()].filter(({ problem, session }) => {
    const isRecent = !isGone(session) || nowMs - Date.parse(session.ended_at) < goneMs;
    return problem !== undefined && isRecent;
  });
  return [...open, ...missing];
}

/** Whether each word of the filter is in the camera's name, address, pipeline or problem. */
export function matches({ name, problem, session }: Row, filter: string): boolean {
  const text = [name, session.address, session.pipeline, problem?.code, problem?.side].join(' ').toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

/** Equal rows keep the order of their names. */
export function sorted(rows: readonly Row[], { by, isDescending }: Sorting): Row[] {
  const sign = isDescending ? -1 : 1;
  const byName = (one: Row, other: Row) => compareText(one.name, other.name) || compareText(one.key, other.key);
  if (by === 'camera') return rows.toSorted((one, other) => sign * byName(one, other));
  return rows.toSorted((one, other) => {
    const [value, otherValue] = [sortValue(one, by), sortValue(other, by)];
    if (value === otherValue) return byName(one, other);
    // What is not known is last in either direction.
    if (value === undefined) return 1;
    if (otherValue === undefined) return -1;
    return sign * (value - otherValue);
  });
}

function sortValue({ problem, session }: Row, by: Exclude<SortKey, 'camera'>): number | undefined {
  if (by === 'problem') return (severities.get(problem?.code ?? '') ?? 0) + (isGone(session) ? 0.5 : 0);
  if (isRefused(session)) return undefined;
  if (by === 'reply') return session.reply_ms;
  if (by === 'trip') return session.round_trip_ms;
  if (by === 'connected') return session.connected_s;
  if (isGone(session)) return undefined;
  switch (by) {
    case 'frames':
      return session.frames_per_s;
    case 'results':
      return session.results_per_s;
    case 'dropped':
      return session.drop_rate;
    case 'idle':
      return session.idle_s;
    default:
      return by satisfies never;
  }
}

/** Whether the session has ended. */
export function isGone(session: Row['session']): session is EndedSession {
  return 'ended_at' in session;
}

/** Whether it has no session, since its connection was refused. */
export function isRefused(session: Row['session']): session is RefusedCamera {
  return 'refused_at' in session;
}

function named({ camera, address }: Pick<SessionStatus, 'camera' | 'address'>) {
  return { name: camera ?? address };
}

/** Numbers in names count: gate-9 is before gate-10. Much faster than `localeCompare` with options. */
const { compare: compareText } = new Intl.Collator(undefined, { numeric: true });
