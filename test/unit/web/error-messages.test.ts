/** Every error has a message and advice. */
import { readFileSync } from 'node:fs';
import { type Test, test } from 'tap';
import { streamErrors } from '../../../src/errors.ts';
import { type ErrorMessage, sourceErrorMessage, streamErrorMessage } from '../../../src/web/error-messages.ts';

const unknown = streamErrorMessage('a_future_code');
/** The client's own codes, from its reference page. */
const page = readFileSync(new URL('../../../docs/reference/client-api.md', import.meta.url), 'utf8');
const [, table = ''] = page.split('\n## Errors\n');
const clientCodes = [...(table.split('\n## ')[0] ?? '').matchAll(/^\| `(\w+)`/gm)].map(([, code]) => code as string);

test('every code of the protocol and of the client has its own message', async (t) => {
  const codes = new Set([...Object.keys(streamErrors), ...clientCodes]);
  t.ok(codes.size >= 12, [...codes].join(' '));
  const titles = new Set<string>();
  for (const code of codes) {
    const message = streamErrorMessage(code);
    t.not(message.title, unknown.title, code);
    checkMessage(t, message);
    titles.add(message.title);
  }
  t.equal(titles.size, codes.size, 'all titles are different');
});

test('unknown codes, including names of Object.prototype, have a message', async (t) => {
  checkMessage(t, unknown);
  t.strictSame(streamErrorMessage('constructor'), unknown);
});

test('every source error has a message', async (t) => {
  const codes = [
    ...(['insecure_page', 'camera_denied', 'camera_missing', 'camera_busy', 'camera_gone'] as const),
    ...(['video_unreadable', 'image_unreadable', 'source_failed'] as const),
  ];
  for (const code of codes) checkMessage(t, sourceErrorMessage(code));
});

function checkMessage(t: Test, { title, advice }: ErrorMessage): void {
  t.match(title, /^[A-Z].{8,60}[a-z]$/, title);
  t.match(advice, /^[A-Z].{15,}\.$/, advice);
}
