/** What a receiver's answer means for an event. */
import { test } from 'tap';
import { outcomeOf } from '../../../../src/camera/publish/webhook-outcome.ts';

const answer = (status: number, retryAfter?: string) => outcomeOf({ type: 'answer', status, retryAfter }, 0);

test('2xx is delivered', async (t) => {
  for (const status of [200, 201, 202, 204, 299]) t.strictSame(answer(status), { type: 'delivered' });
});

test('4xx and redirects are final, except those that say that another attempt may work', async (t) => {
  for (const status of [400, 401, 403, 404, 409, 410, 413, 422, 100, 0, 301, 302, 307, 308])
    t.match(answer(status), { type: 'refused', detail: new RegExp(`^answered ${status}`) }, String(status));
  t.match(answer(301), { detail: 'answered 301 Moved Permanently: redirects are not followed' });
  for (const status of [408, 425, 429]) t.match(answer(status), { type: 'retry' }, String(status));
});

test('an event that a receiver fails on is told apart from a receiver that is away', async (t) => {
  for (const status of [425, 429, 502, 503, 504]) t.match(answer(status), { isOfEvent: false }, String(status));
  for (const status of [408, 500, 501, 520, 599]) t.match(answer(status), { isOfEvent: true }, String(status));
  t.match(outcomeOf({ type: 'unreachable', detail: 'x' }, 0), { type: 'retry', isOfEvent: false, detail: 'x' });
  t.match(outcomeOf({ type: 'unanswered', detail: 'x' }, 0), { type: 'retry', isOfEvent: true });
});

test('Retry-After is passed on', async (t) => {
  t.match(answer(503, '7'), { afterMs: 7000 });
  t.match(answer(429), { afterMs: undefined });
});
