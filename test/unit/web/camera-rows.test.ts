/** Rows of cameras: found again when they reconnect, filtered, and sorted. */
import { test } from 'tap';
import type { Problem } from '../../../src/status.ts';
import { matches, type Row, rowsOf, type SortKey, sorted } from '../../../src/web/camera-rows.ts';
import { endedSession, openSession, refusedCamera, sessionsReply } from '../../support/session-statuses.ts';

const bad: Problem = { code: 'bad_frames', side: 'camera', text: 'Its last session was ended.' };
const slow: Problem = { code: 'slow_network', side: 'network', text: 'A ping takes long.' };
const cut: Problem = { code: 'unstable_network', side: 'network', text: 'The connection was cut.' };

const only = (rows: readonly Row[]) => rows[0] as Row;

test('a camera keeps its row when it reconnects, and while it is gone', async (t) => {
  const before = only(rowsOf(sessionsReply([openSession({ id: 'a' })])));
  const gone = only(rowsOf(sessionsReply([], [endedSession({ id: 'a', problem: cut })])));
  const after = rowsOf(sessionsReply([openSession({ id: 'b' })], [endedSession({ id: 'a', problem: cut })]));
  t.equal(after.length, 1);
  t.strictSame([gone.key, only(after).key], [before.key, before.key]);
  t.match(gone, { name: 'gate-3', problem: cut });
});

test('sessions that only differ in their ids have rows of their own; a name is better than an address', async (t) => {
  const { camera: _, ...unnamed } = openSession();
  const rows = rowsOf(sessionsReply(['a', 'b'].map((id) => ({ ...unnamed, id }))));
  t.strictSame(
    rows.map(({ key, name }) => [key, name]),
    [
      ['a', '192.0.2.1'],
      ['b', '192.0.2.1'],
    ],
  );
});

test('a camera whose connection is refused has a row, instead of its last session', async (t) => {
  const revoked = refusedCamera({ camera: 'gate-3', pipeline: 'plates' });
  const rows = rowsOf(sessionsReply([], [endedSession({ problem: cut })], [revoked]));
  t.match(rows, [{ name: 'gate-3', problem: { code: 'refused' } }]);
  t.equal(rows.length, 1);
  const twice = rowsOf(sessionsReply([openSession()], [], [revoked]));
  t.equal(new Set(twice.map(({ key }) => key)).size, 2, 'a second client of the same name');
  const byReply = sorted(rowsOf(sessionsReply([openSession()], [], [refusedCamera()])), {
    by: 'reply',
    isDescending: true,
  });
  t.strictSame(
    byReply.map(({ name }) => name),
    ['gate-3', 'gate-4'],
    'it has no figures',
  );
  const worst = sorted(rowsOf(sessionsReply([openSession({ problem: bad })], [], [refusedCamera()])), {
    ...{ by: 'problem', isDescending: true },
  });
  t.equal(only(worst).name, 'gate-4');
});

test('a camera that ended normally, or long ago, has no row', async (t) => {
  const normal = endedSession({ id: 'b' });
  t.strictSame(rowsOf(sessionsReply([], [normal])), []);
  t.strictSame(rowsOf(sessionsReply([], [normal, endedSession({ problem: cut })])), [], 'the newest end decides');
  const old = endedSession({ problem: cut, ended_at: '2026-01-01T11:49:59.000Z' });
  t.strictSame(rowsOf(sessionsReply([], [old])), []);
});

test('a filter looks for each of its words in name, address, pipeline and problem', async (t) => {
  const row = only(rowsOf(sessionsReply([openSession({ camera: 'Tor 3', problem: slow })])));
  for (const filter of ['', 'TOR', '192.0', 'plates tor', 'slow_net', 'network']) t.ok(matches(row, filter), filter);
  for (const filter of ['gate', 'tor yard']) t.notOk(matches(row, filter), filter);
});

test('the worst problem is first, a camera that is gone before one that is not, and numbers in names count', async (t) => {
  const named = (camera: string, problem?: Problem) => openSession({ camera, ...(problem && { problem }) });
  const sessions = [named('gate-10'), named('gate-9'), named('slow', slow), named('bad', bad)];
  const rows = rowsOf(sessionsReply(sessions, [endedSession({ camera: 'gone', problem: bad })]));
  const namesBy = (by: SortKey, isDescending: boolean) => sorted(rows, { by, isDescending }).map(({ name }) => name);
  t.strictSame(namesBy('problem', true), ['gone', 'bad', 'slow', 'gate-9', 'gate-10']);
  t.strictSame(namesBy('camera', false), ['bad', 'gate-9', 'gate-10', 'gone', 'slow']);
  t.equal(namesBy('frames', true).at(-1), 'gone', 'without a rate');
});

test('each column sorts by its figure, and what is not known is last', async (t) => {
  const { reply_ms: _, round_trip_ms: __, ...unknown } = openSession({ id: 'unknown', camera: 'unknown' });
  const low = openSession({ id: 'low', camera: 'low' });
  const high = openSession({
    ...{ id: 'high', camera: 'high', frames_per_s: 11, results_per_s: 11, drop_rate: 0.5, idle_s: 1, connected_s: 700 },
    ...{ reply_ms: 100, round_trip_ms: 100 },
  });
  const rows = rowsOf(sessionsReply([unknown, low, high]));
  for (const by of ['frames', 'results', 'dropped', 'reply', 'trip', 'idle', 'connected'] as const) {
    t.equal(sorted(rows, { by, isDescending: true })[0]?.name, 'high', by);
    t.equal(sorted(rows, { by, isDescending: false }).at(by === 'reply' || by === 'trip' ? -2 : -1)?.name, 'high', by);
  }
});
