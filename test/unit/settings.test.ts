/** Settings whose text is more than a number in a range. */
import { test } from 'tap';
import { loadConfig } from '../../src/config.ts';
import { issuesOf } from '../support/config-issues.ts';

test('a session age is off, or from ten seconds to a week', async (t) => {
  for (const [seconds, ms] of [['0', 0] as const, ['10', 10_000] as const, ['604800', 604_800_000] as const])
    t.equal(loadConfig({ STREAM_MAX_SESSION_AGE_S: seconds }).maxSessionAgeMs, ms);
  for (const bad of ['9', '604801', '-1', '00', '1e3']) {
    t.same(issuesOf({ STREAM_MAX_SESSION_AGE_S: bad }), [
      `STREAM_MAX_SESSION_AGE_S must be 0 or a number from 10 to 604800; it is "${bad}"`,
    ]);
  }
  t.same(issuesOf({ STREAM_MAX_SESSION_AGE_S: '10.5' }), [
    'STREAM_MAX_SESSION_AGE_S must be 0 or a whole number; it is "10.5"',
  ]);
});

test('the frame limit is from 0.001 to 64 megabytes', async (t) => {
  t.equal(loadConfig({ STREAM_MAX_FRAME_SIZE_MB: '0.001' }).maxFrameBytes, 1048);
  t.equal(loadConfig({ STREAM_MAX_FRAME_SIZE_MB: '64' }).maxFrameBytes, 67_108_864);
  for (const bad of ['0', '0.0009', '64.1', '1e1', '-1', 'five', '5MB', '0x5', 'Infinity', 'NaN', '.5', '5.']) {
    t.same(issuesOf({ STREAM_MAX_FRAME_SIZE_MB: bad }), [
      `STREAM_MAX_FRAME_SIZE_MB must be a number from 0.001 to 64; it is "${bad}"`,
    ]);
  }
});
