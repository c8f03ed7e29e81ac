/** Signatures of webhooks, against a known value and against the examples of the guide. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'tap';
import { signatureHeader, signatureOf } from '../../../../src/camera/publish/signature.ts';

const secret = 'a secret of this test';
const body = '{"id":"1","text":"Ä"}';

test('the signature is HMAC-SHA256 over the time and the body', async (t) => {
  // printf '1700000000.{"id":"1","text":"Ä"}' | openssl dgst -sha256 -hmac 'a secret of this test'
  const known = execFileSync('openssl', ['dgst', '-sha256', '-hmac', secret], { input: `1700000000.${body}` });
  t.equal(signatureOf(secret, body, 1_700_000_000_999), `t=1700000000,v1=${/[0-9a-f]{64}/.exec(String(known))?.[0]}`);
});

const guide = readFileSync(new URL('../../../../docs/guides/events.md', import.meta.url), 'utf8');
const exampleOf = (language: string) =>
  [...guide.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 'gs'))].find(([, text]) =>
    text?.includes('hmac'),
  )?.[1];

const cases = (now: number): [string, string, boolean][] => [
  [signatureOf(secret, body, now), body, true],
  [signatureOf(secret, body, now), `${body} `, false],
  [signatureOf('another secret here', body, now), body, false],
  [signatureOf(secret, body, now - 3_600_000), body, false],
  [signatureOf(secret, body, now).replace(/t=\d+/, `t=${Math.floor(now / 1000) + 1}`), body, false],
  ['', body, false],
  ['t=x,v1=', body, false],
  ['v1=é', body, false],
];

test('the Node example of the guide accepts what is signed, and nothing else', async (t) => {
  const module = `data:text/javascript,${encodeURIComponent(exampleOf('js') ?? '')}`;
  const { isFromFramegate } = (await import(module)) as {
    isFromFramegate(secret: string, header: string, body: Buffer): boolean;
  };
  for (const [header, text, isValid] of cases(Date.now()))
    t.equal(isFromFramegate(secret, header, Buffer.from(text)), isValid, header);
});

test('the Python example of the guide accepts what is signed, and nothing else', async (t) => {
  const all = cases(Date.now());
  const input = JSON.stringify(all.map(([header, text]) => [secret, header, text]));
  const script = `${exampleOf('python')}\nimport json, sys\nprint(json.dumps([is_from_framegate(s, h, b.encode()) for s, h, b in json.load(sys.stdin)]))`;
  const printed = execFileSync('python3', ['-c', script], { input, encoding: 'utf8' });
  t.strictSame(
    JSON.parse(printed),
    all.map(([, , isValid]) => isValid),
  );
});

test('the guide names the header', async (t) => {
  t.ok(guide.includes(`\`${signatureHeader}\``));
});
