/** The last sessions that ended are kept, newest first. */
import { test } from 'tap';
import { Observers, type SessionEnd } from '../../../src/observe/observer.ts';
import { EndedSessions } from '../../../src/session/ended-sessions.ts';
import { sourceOf } from '../../support/started-pool.ts';

function endOf(id: string, changes: Partial<SessionEnd> = {}): SessionEnd {
  const counts = { connected_s: 1, frames: 2, results: 1, dropped: 1, drop_reasons: { busy: 1 }, slow_downs: 0 };
  const status = { id, address: '192.0.2.1', pipeline: 'plates', ...counts, received_bytes: 100 };
  return { by: 'client', closeCode: 1000, closeReason: '', error: undefined, status, ...changes };
}

test('an entry says who ended the session and why', async (t) => {
  const observers = new Observers();
  const ended = new EndedSessions(observers);
  const error = { code: 'invalid_frame', detail: 'Not a valid JPEG image' } as const;
  observers.emit('sessionEnded', sourceOf('plates'), endOf('a'));
  observers.emit('sessionEnded', sourceOf('plates'), endOf('b', { by: 'gateway', closeCode: 1007, error }));
  t.match(ended.list, [
    { id: 'b', ended_by: 'gateway', close_code: 1007, error: 'invalid_frame', detail: 'Not a valid JPEG image' },
    { id: 'a', ended_by: 'client', close_code: 1000, ended_at: /^\d{4}-\d\d-\d\dT.*Z$/, drop_reasons: { busy: 1 } },
  ]);
  t.notOk('error' in (ended.list[1] ?? {}));
});

test('only the last 100 are kept', async (t) => {
  const observers = new Observers();
  const ended = new EndedSessions(observers);
  for (let index = 0; index < 103; index++) observers.emit('sessionEnded', sourceOf('plates'), endOf(String(index)));
  t.equal(ended.list.length, 100);
  t.equal(ended.list[0]?.id, '102');
  t.equal(ended.list.at(-1)?.id, '3');
});

test('what is known of a camera: ends of the last ten minutes, and the last error', async (t) => {
  const observers = new Observers();
  const ended = new EndedSessions(observers);
  const error = { code: 'invalid_frame', detail: 'Not a valid JPEG image' } as const;
  const camera = { address: '192.0.2.1', pipeline: 'plates' };
  t.strictSame(ended.earlierOf(camera, 0), { reconnects: 0, cuts: 0 });
  observers.emit('sessionEnded', sourceOf('plates'), endOf('a', { by: 'gateway', error }));
  observers.emit('sessionEnded', sourceOf('plates'), endOf('b', { by: 'network', closeCode: 1006 }));
  const nowMs = performance.now();
  t.strictSame(ended.earlierOf(camera, nowMs + 30_000), {
    ...{ reconnects: 2, cuts: 1 },
    last_error: { ...error, seconds_ago: 30 },
  });
  t.match(ended.earlierOf(camera, nowMs + 600_000), { reconnects: 0, cuts: 0, last_error: { seconds_ago: 600 } });
  t.strictSame(ended.earlierOf({ ...camera, camera: 'gate' }, nowMs), { reconnects: 0, cuts: 0 });
  t.match(ended.list, [{ problem: { code: 'unstable_network' } }, { problem: { code: 'bad_frames' } }]);
});

test('the memory for cameras is limited', async (t) => {
  const observers = new Observers();
  const ended = new EndedSessions(observers);
  const end = endOf('a');
  for (let index = 0; index <= 1000; index++) {
    const status = { ...end.status, camera: String(index) };
    for (let again = 0; again <= (index === 1000 ? 50 : 0); again++) {
      observers.emit('sessionEnded', sourceOf('plates'), { ...end, status });
    }
  }
  const reconnectsOf = (camera: string) => ended.earlierOf({ ...end.status, camera }, performance.now()).reconnects;
  t.strictSame(['0', '1', '1000'].map(reconnectsOf), [0, 1, 50]);
});
