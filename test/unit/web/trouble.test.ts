/** Every error has words, and something to do about it. */
import { readFileSync } from 'node:fs';
import { type Test, test } from 'tap';
import { streamErrors } from '../../../src/errors.ts';
import { type Words, wordsOfSource, wordsOfStream } from '../../../src/web/trouble.ts';

const unknown = wordsOfStream('a_code_of_tomorrow');
/** The client's own codes, by its page. */
const page = readFileSync(new URL('../../../docs/reference/client-api.md', import.meta.url), 'utf8');
const [, table = ''] = page.split('\n## Errors\n');
const clientCodes = [...(table.split('\n## ')[0] ?? '').matchAll(/^\| `(\w+)`/gm)].map(([, code]) => code as string);

test('every code of the contract and of the client has words of its own', async (t) => {
  const codes = new Set([...Object.keys(streamErrors), ...clientCodes]);
  t.ok(codes.size >= 12, [...codes].join(' '));
  const titles = new Set<string>();
  for (const code of codes) {
    const words = wordsOfStream(code);
    t.not(words.title, unknown.title, code);
    checkWords(t, words);
    titles.add(words.title);
  }
  t.equal(titles.size, codes.size, 'no two sound the same');
});

test('a code that nobody knows, and one that is a name of every object, have words too', async (t) => {
  checkWords(t, unknown);
  t.strictSame(wordsOfStream('constructor'), unknown);
});

test('every trouble of a source has words', async (t) => {
  const troubles = [
    ...(['insecure_page', 'camera_denied', 'camera_missing', 'camera_busy', 'camera_gone'] as const),
    ...(['video_unreadable', 'picture_unreadable', 'source_failed'] as const),
  ];
  for (const trouble of troubles) checkWords(t, wordsOfSource(trouble));
});

function checkWords(t: Test, { title, advice }: Words): void {
  t.match(title, /^[A-Z].{8,60}[a-z]$/, title);
  t.match(advice, /^[A-Z].{15,}\.$/, advice);
}
