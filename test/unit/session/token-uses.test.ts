/** Limits per token: open sessions and frames per second. */
import { test } from 'tap';
import { grantOf } from '../../../src/auth/grant.ts';
import { RateBucket } from '../../../src/session/rate-bucket.ts';
import { TokenUses } from '../../../src/session/token-uses.ts';

const grant = (limits: { max_fps?: number; max_sessions?: number }) =>
  grantOf('gate', { scopes: ['stream'], pipelines: 'all', ...limits }, Number.POSITIVE_INFINITY);

test('a second of frames may come at once, then as many as are refilled', async (t) => {
  const use = new TokenUses().of(grant({ max_fps: 2 }), 0);
  t.strictSame(
    [0, 0, 0, 400, 500, 500].map((atMs) => use.takeFrame(atMs)),
    [true, true, false, false, true, false],
  );
  const slow = new TokenUses().of(grant({ max_fps: 0.5 }), 0);
  t.strictSame(
    [0, 1000, 2000].map((atMs) => slow.takeFrame(atMs)),
    [true, false, true],
  );
  t.ok(new TokenUses().of(grant({}), 0).takeFrame(0), 'no limit');
});

test('all sessions of a token share its limits until it is not in use', async (t) => {
  const uses = new TokenUses();
  const use = uses.of(grant({ max_sessions: 1 }), 0);
  use.sessions += 1;
  t.equal(uses.of(grant({ max_sessions: 1 }), 0), use);
  t.notOk(use.hasRoomForSession);
  uses.of(grant({ max_sessions: 2 }), 0);
  t.ok(use.hasRoomForSession, 'the newest limits count');
  uses.removeUnused(5000);
  t.equal(uses.size, 1);
  use.sessions -= 1;
  uses.removeUnused(999);
  t.equal(uses.size, 1);
  uses.removeUnused(1000);
  t.equal(uses.size, 0);
});

test('a bucket gives nothing if there is too little', async (t) => {
  const bucket = new RateBucket(4, 0);
  t.ok(bucket.take(3, 1, 4, 0));
  t.notOk(bucket.take(2, 1, 4, 0));
  t.ok(bucket.take(1, 1, 4, 0));
  t.equal(bucket.usedMs, 0);
});
