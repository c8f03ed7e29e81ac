/** What `POST /frames` replies to an outcome. The endpoint's own tests send requests. */
import { test } from 'tap';
import { replyFor } from '../../../src/server/frame-replies.ts';

const result = { type: 'result', text: '{"n":1}', timings: { decode: 1.5, 'my node': 2 } } as const;
const same = (text: string) => text;

test('a result has its events, its limits, and its times', async (t) => {
  const reply = replyFor({ ...result, events: ['{"type":"a"}'] }, same);
  t.match(reply, { status: '200 OK', body: '{"frame_index":0,"result":{"n":1,"events":[{"type":"a"}]}}' });
  t.same(Object.fromEntries(reply.headers ?? [])['Server-Timing'], 'decode;dur=1.5, my_node;dur=2');
  t.match(
    replyFor(result, () => '{}'),
    { body: '{"frame_index":0,"result":{}}' },
  );
});

test('a result that cannot be limited is an internal error, and not silence', async (t) => {
  const reply = replyFor(result, () => JSON.parse('{'));
  t.match(reply, {
    status: '500 Internal Server Error',
    body: '{"error":"internal_error","detail":"Unexpected error occurred"}',
  });
});
