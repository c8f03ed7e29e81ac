/** Each problem is told apart by the figures of a session, and what only looks like one is not reported. */
import { test } from 'tap';
import { streamErrors } from '../../../src/errors.ts';
import { diagnose, problemOfEnd, type SessionFacts, type WorkerLoad } from '../../../src/session/diagnosis.ts';
import { endedSession, openSession } from '../../support/session-statuses.ts';

const dropThreshold = 0.1;

/** One session more, of the same kind, and workers for both. */
const load = { needed: 0.4, workers: 2 };

const healthy: SessionFacts = openSession();

function textOf(changes: Partial<SessionFacts>, total: Partial<WorkerLoad> = {}): string | undefined {
  const found = diagnose({ ...healthy, ...changes }, dropThreshold, { ...load, ...total });
  return found && `${found.side} ${found.code}: ${found.text}`;
}

const lastSeconds = (count: number, per: number, before = 10) => [
  ...Array(30 - count).fill(before),
  ...Array(count).fill(per),
];

test('a session that does well has no problem', async (t) => {
  t.equal(textOf({}), undefined);
  const young = { connected_s: 2, frames: 0, results: 0, recent_frames: Array(30).fill(0), idle_s: 2 };
  t.equal(textOf(young), undefined, 'nor has one that has just connected');
});

test('the error of the last session counts for a minute', async (t) => {
  const last = { code: 'invalid_frame', detail: 'Not a valid JPEG image', seconds_ago: 12 } as const;
  t.equal(
    textOf({ last_error: last, reconnects: 1 }),
    'camera bad_frames: Its last session was ended 12 s ago with invalid_frame (Not a valid JPEG image).',
  );
  t.match(textOf({ last_error: last, reconnects: 7 }), /, and it has reconnected 7 times in ten minutes\.$/);
  t.equal(textOf({ last_error: { ...last, seconds_ago: 61 } }), undefined);
  t.match(textOf({ last_error: { ...last, code: 'pipeline_failure' } }), /^gateway failing_pipeline/);
});

test('a camera that stops sending is silent after five of its intervals, and not before five seconds', async (t) => {
  const stopped = { recent_frames: lastSeconds(5, 0), frames_per_s: 0 };
  t.equal(
    textOf({ ...stopped, idle_s: 5 }),
    'camera silent_camera: No frame for 5 s; it usually sends 10 per second. It still answers pings.',
  );
  const seldom = { usual_frames_per_s: 0.1, frames_per_s: 0, recent_frames: Array(30).fill(0) };
  t.equal(textOf({ ...seldom, idle_s: 49 }), undefined);
  t.match(textOf({ ...seldom, idle_s: 50 }), /silent_camera: No frame for 50 s; it usually sends one every 10 s/);
  const { usual_frames_per_s: _, ...unknown } = healthy;
  const found = diagnose({ ...unknown, frames: 0, connected_s: 8, idle_s: 8 }, dropThreshold, load);
  t.match(found, { code: 'silent_camera', text: /^It connected 8 s ago and has not sent a frame\./ });
});

test('unread replies are the client’s if frames still come, and the network’s if nothing comes', async (t) => {
  t.match(textOf({ unanswered_ping_s: 6 }), /^camera slow_reader: .* it has not answered a ping for 6 s\.$/);
  t.match(
    textOf({ unread_bytes: 70_000, recent_drop_reasons: { slow_reader: 4 } }),
    /^camera slow_reader: .* 70 KB are unread, 4 of its results were dropped in 10 s\.$/,
  );
  t.match(
    textOf({ unanswered_ping_s: 6, idle_s: 7 }),
    /^network slow_network: No frame for 7 s, and it has not answered/,
  );
  t.equal(textOf({ unread_bytes: 5000, unanswered_ping_s: 1.5 }), undefined, 'one reply on its way');
});

test('pings that take long, and cut connections', async (t) => {
  t.equal(textOf({ round_trip_median_ms: 420 }), 'network slow_network: A ping and its answer take 420 ms (median).');
  t.equal(textOf({ round_trip_max_ms: 900 }), undefined, 'a single one is no problem');
  t.match(textOf({ cuts: 3, reconnects: 4 }), /^network unstable_network: .* cut 3 times/);
  t.equal(textOf({ cuts: 2, reconnects: 9 }), undefined);
});

test('dropped frames are a busy gateway, or a pipeline that one camera keeps busy', async (t) => {
  const drops = { recent_drop_reasons: { busy: 20, expired: 5, session_closed: 1 } };
  t.equal(
    textOf(drops),
    'gateway gateway_busy: 25 of 100 frames were dropped in 10 s (25 %): no worker was free in time (busy 20, expired 5). ' +
      'It needs 0.2 workers. All sessions together need 0.4; ready: 2.',
  );
  t.match(
    textOf({ ...drops, service_ms: 250 }, { needed: 3, workers: 1 }),
    /^gateway slow_pipeline: .* 250 ms and 10 come per second, which needs 2.5 workers. All .* need 3; ready: 1\.$/,
  );
  t.match(
    textOf({ ...drops, service_ms: 100 }, { needed: 6 }),
    /^gateway gateway_busy: .* It needs 1 worker\. All sessions together need 6; ready: 2\.$/,
    'all cameras need as much: it is not this one',
  );
  t.match(textOf({ ...drops, service_ms: 1 }), /It needs less than 0\.1 workers/);
  const seldom = { usual_frames_per_s: 0.1, recent_frames: Array(30).fill(0) };
  t.equal(textOf({ recent_drop_reasons: { busy: 10 } }), undefined, 'not above the threshold');
  t.equal(diagnose({ ...healthy, ...drops }, 0.5, load), undefined, 'the threshold is the operator’s');
  t.equal(textOf({ ...seldom, recent_drop_reasons: { busy: 1 } }), undefined, 'one frame');
});

test('frames that come irregularly, or far less often than usual', async (t) => {
  const gaps = { recent_frames: [...Array(27).fill(10), 0, 0, 0] };
  t.equal(
    textOf(gaps),
    'camera slow_camera: No frame came in 3 of the last 30 seconds; it usually sends 10 per second. Pings are fast.',
  );
  t.match(textOf({ ...gaps, round_trip_max_ms: 800 }), /^network slow_network: .*, and a ping took up to 800 ms\.$/);
  t.equal(textOf({ recent_frames: lastSeconds(2, 0) }), undefined);
  t.match(textOf({ recent_frames: Array(30).fill(3) }), /slow_camera: It sends 3 per second, usually 10 per second/);
  t.equal(textOf({ recent_frames: Array(30).fill(3), connected_s: 40 }), undefined, 'its usual rate is not known yet');
});

test('a camera that stutters for long lowers its own usual rate', async (t) => {
  const halves = Array.from({ length: 30 }, (_, second) => (second % 8 < 4 ? 0 : 3));
  t.match(
    textOf({ recent_frames: halves, usual_frames_per_s: 1.3, frames_per_s: 1.2 }),
    /^camera slow_camera: No frame/,
  );
  t.equal(textOf({ recent_frames: halves, usual_frames_per_s: 0.5 }), undefined, 'bursts are usual for it');
  const seldom = Array.from({ length: 30 }, (_, second) => (second % 5 === 0 ? 0 : 1));
  t.equal(textOf({ recent_frames: seldom, usual_frames_per_s: 1, frames_per_s: 0.8 }), undefined, 'jitter');
});

test('a client that paces itself to the gateway is no problem', async (t) => {
  const paced = { recent_frames: Array(30).fill(3), service_ms: 90, reply_ms: 130 };
  t.equal(textOf(paced), undefined);
  t.match(textOf({ ...paced, reply_ms: 91 }), /slow_camera/);
});

test('the end of a session', async (t) => {
  const end = endedSession();
  t.equal(problemOfEnd(end), undefined);
  t.match(problemOfEnd({ ...end, ended_by: 'network' }), { code: 'unstable_network', side: 'network' });
  t.match(problemOfEnd({ ...end, error: 'idle_timeout', detail: 'No frame came for 60 s' }), {
    code: 'silent_camera',
    text: 'The gateway ended the session: No frame came for 60 s.',
  });
  for (const error of Object.keys(streamErrors) as (keyof typeof streamErrors)[]) {
    t.ok(problemOfEnd({ ...end, error }), error);
  }
});
