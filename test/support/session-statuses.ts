/** Sessions as `GET /sessions` reports them. Tests only. */
import type { EndedSession, ListedSession, RefusedCamera, SessionsReply } from '../../src/status.ts';

const seconds = 30;
const counts = {
  frames: 6000,
  results: 6000,
  dropped: 0,
  drop_reasons: {},
  slow_downs: 0,
  received_bytes: 100_000_000,
};

/** A camera that has sent ten frames per second for ten minutes, each of which got its result. */
export function openSession(changes: Partial<ListedSession> = {}): ListedSession {
  return {
    ...{ id: 'an id', camera: 'gate-3', address: '192.0.2.1', pipeline: 'plates', connected_s: 600, ...counts },
    ...{ service_ms: 20, reply_ms: 21, state: 'normal', drop_rate: 0 },
    ...{ frames_per_s: 10, results_per_s: 10, usual_frames_per_s: 10, recent_drop_reasons: {} },
    ...{ recent_frames: Array<number>(seconds).fill(10), recent_results: Array<number>(seconds).fill(10) },
    ...{ round_trip_ms: 3, round_trip_median_ms: 3, round_trip_max_ms: 9, idle_s: 0.1, unread_bytes: 0 },
    ...{ reconnects: 0, cuts: 0, ...changes },
  };
}

/** The time of {@link sessionsReply}. */
const replyTime = '2026-01-01T12:00:00.000Z';

/** A session that its client has closed a minute before. */
export function endedSession(changes: Partial<EndedSession> = {}): EndedSession {
  return {
    ...{ id: 'an ended id', camera: 'gate-3', address: '192.0.2.1', pipeline: 'plates', connected_s: 600, ...counts },
    ...{ ended_at: '2026-01-01T11:59:00.000Z', ended_by: 'client', close_code: 1000, ...changes },
  };
}

/** A camera with a wrong pipeline that has just tried to connect. */
export function refusedCamera(changes: Partial<RefusedCamera> = {}): RefusedCamera {
  const problem = { code: 'refused', side: 'camera', text: 'Its connection was refused once.' } as const;
  return {
    ...{ camera: 'gate-4', address: '192.0.2.1', pipeline: 'plats', refused_at: replyTime, times: 1, problem },
    ...{ code: 'invalid_pipeline', detail: 'Unknown pipeline_id: plats', ...changes },
  };
}

export function sessionsReply(
  sessions: readonly ListedSession[],
  ended: readonly EndedSession[] = [],
  refused: readonly RefusedCamera[] = [],
): SessionsReply {
  return { time: replyTime, open: sessions.length, sessions, ended, refused };
}
