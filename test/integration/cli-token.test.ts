/** `framegate token`: create, list and revoke, and the tokens' use by a gateway and other clients. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { test } from 'tap';
import { runCli, startGateway } from '../support/gateway.ts';
import { tempFolder } from '../support/tokens.ts';

test('a token is printed once, listed without it, and can be revoked', async (t) => {
  const file = join(tempFolder(t), 'tokens.json');
  const env = { AUTH_TOKENS_FILE: file };
  const options = ['--scope', 'stream', '--pipelines', 'plates,pages', '--max-fps', '15', '--max-sessions', '2'];
  const created = await runCli(['token', 'create', 'gate', ...options, '--expires', '90d'], env);
  t.match(created, { code: 0, stdout: /^fg_[\w-]{43}\n$/, stderr: /the token is shown only now/ });
  const token = created.stdout.trim();
  t.notOk(readFileSync(file, 'utf8').includes(token));
  t.notOk(created.stderr.includes(token));
  t.match(await runCli(['token', 'create', 'all', '--file', file]), { code: 0 });
  const { stdout } = await runCli(['token', 'list'], env);
  const [first = '', second] = stdout.split('\n');
  t.match(first, /^gate {2}stream {2}plates,pages {2}15 fps {2}2 sessions {2}expires \d{4}-\d\d-\d\dT/);
  t.equal(second, 'all  stream,frames  all pipelines  never expires');
  t.match(await runCli(['token', 'revoke', 'gate'], env), { code: 0, stdout: '' });
  t.notMatch((await runCli(['token', 'list'], env)).stdout, /gate/);
});

test('what is wrong is one line, with exit code 2', async (t) => {
  const file = join(tempFolder(t), 'tokens.json');
  await runCli(['token', 'create', 'gate', '--file', file]);
  for (const [args, line] of [
    [['create', 'gate', '--file', file], 'a token named gate exists already'],
    [['create', 'a b', '--file', file], `token file ${file}: tokens: 1: name: expected letters, digits, and . _ - @`],
    [
      ['create', 'b', '--file', file, '--expires', 'soon'],
      '--expires "soon" is neither a number of days, such as 90d, nor a date',
    ],
    [['revoke', 'b', '--file', file], 'no token is named b'],
    [['list'], 'no token file; set AUTH_TOKENS_FILE or --file'],
  ] as const) {
    t.match(await runCli(['token', ...args]), { code: 2, stdout: '', stderr: `framegate: ${line}\n` });
  }
});

test('curl gets the reason and the challenge', async (t) => {
  const file = join(tempFolder(t), 'tokens.json');
  const token = (await runCli(['token', 'create', 'ops', '--scope', 'admin', '--file', file])).stdout.trim();
  const gateway = await startGateway({ POOL_WORKERS: '1', AUTH_TOKENS_FILE: file });
  t.teardown(() => gateway.kill());
  const curl = async (...args: string[]) =>
    (await promisify(execFile)('curl', ['-si', `${gateway.httpUrl}/sessions`, ...args])).stdout;
  t.match(await curl(), /^HTTP\/1.1 401 Unauthorized\r\n(.*\r\n)*WWW-Authenticate: Bearer realm="framegate"\r\n/);
  t.match(await curl('-H', `Authorization: Bearer ${token}`), /^HTTP\/1.1 200 OK/);
  t.match(await curl('-H', 'Host: evil.example'), /^HTTP\/1.1 403 Forbidden(.*\r\n)*.*see ALLOWED_HOSTS/);
});

test('a gateway that everyone on the network can use says so when it starts', async (t) => {
  const gateway = await startGateway({ POOL_WORKERS: '1', HOST: '0.0.0.0' });
  t.teardown(() => gateway.kill());
  t.match(
    gateway.log(),
    /"msg":"HOST=0.0.0.0 is open to the network, and no client needs a token; see AUTH_TOKENS_FILE"/,
  );
});
