/** What a failed request for the sessions means. */
import { test } from 'tap';
import { failureOf, failureTexts } from '../../../src/web/sessions-poll.ts';

test('a status that is not 200', async (t) => {
  const statuses = [404, 401, 403, 502, 503, 504, 500, 429];
  t.strictSame(statuses.map(failureOf), [
    ...['not_served', 'refused', 'refused', 'unreachable', 'unreachable', 'unreachable', 'failed', 'failed'],
  ]);
  t.match(failureTexts.not_served.advice, /ADMIN_HOST and ADMIN_PORT/);
});
