/** Tokens and JWTs over real sockets: stream, frames, status and console; nothing of them is logged. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import tap, { test } from 'tap';
import { runCli, startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { StreamClient } from '../support/stream-client.ts';
import { signer, tempFolder, tokenEntry, writeTokens } from '../support/tokens.ts';

const frame = encodeGradient(64, 48);
const folder = tempFolder(tap);
const file = join(folder, 'tokens.json');
const keyFile = join(folder, 'keys.json');
const soon = new Date(Date.now() + 3_600_000).toISOString();
const past = new Date(Date.now() - 1000).toISOString();

const all = tokenEntry('all', { expires: soon });
const expired = tokenEntry('expired', { expires: past });
const streamOnly = tokenEntry('stream-only', { scopes: ['stream'], pipelines: ['echo'], max_sessions: 1, max_fps: 1 });
const framesOnly = tokenEntry('frames-only', { scopes: ['frames'], max_fps: 1 });
const unknown = tokenEntry('unknown').token;
writeTokens(file, all.entry, expired.entry, streamOnly.entry, framesOnly.entry);

const { jwks, sign } = await signer();
const stranger = await signer();
writeFileSync(keyFile, JSON.stringify(jwks));
const audience = 'framegate';
const claims = (framegate: unknown, aud = audience) => ({ aud, framegate }) as Record<string, unknown>;
const everything = { scopes: ['stream', 'frames', 'admin'], pipelines: 'all' };
const jwt = await sign(claims(everything));
const jwts = {
  expired: await sign(claims(everything), Math.floor(Date.now() / 1000) - 3600),
  'of another audience': await sign(claims(everything, 'other')),
  'of another key': await stranger.sign(claims(everything)),
  'without the claim': await sign({ aud: audience }),
  'with a wrong claim': await sign(claims({ scopes: ['root'], pipelines: 'all' })),
};
const jwtForStream = await sign(claims({ scopes: ['stream'], pipelines: ['echo'] }));

const gateway = await startGateway({
  ...{ POOL_WORKERS: '1', LOG_LEVEL: 'trace', AUTH_TOKENS_FILE: file },
  ...{ AUTH_JWKS_FILE: keyFile, AUTH_JWT_AUDIENCE: audience },
});
tap.teardown(() => gateway.kill());

const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
const asked = (path: string, token?: string, init: RequestInit = {}) =>
  fetch(`${gateway.httpUrl}${path}`, { ...init, headers: token === undefined ? {} : bearer(token) });
const post = (pipeline: string, token?: string) =>
  asked(`/frames?pipeline_id=${pipeline}`, token, { method: 'POST', body: frame });

async function refusal(pipeline: string, token?: string): Promise<[text: string | undefined, code: number]> {
  const client = await StreamClient.open(gateway.streamUrl(pipeline), token === undefined ? {} : bearer(token));
  const code = await client.closed();
  return [client.texts[0], code];
}

const unauthorized = (detail: string) => [JSON.stringify({ error: 'unauthorized', detail }), 3000];
const forbidden = (detail: string) => [JSON.stringify({ error: 'forbidden', detail }), 3003];

test('a stream without a valid token gets the reason as JSON, then 3000 or 3003', async (t) => {
  t.strictSame(await refusal('echo'), unauthorized('A token is required'));
  t.strictSame(await refusal('echo', unknown), unauthorized('Unknown token'));
  t.strictSame(await refusal('echo', expired.token), unauthorized('The token has expired'));
  t.strictSame(await refusal('echo', framesOnly.token), forbidden('The token frames-only has no scope "stream"'));
  t.strictSame(
    await refusal('failing', streamOnly.token),
    forbidden('The token stream-only does not cover this pipeline'),
  );
  t.strictSame(await refusal('nothing', unknown), unauthorized('Unknown token'), 'pipelines are not revealed');
});

for (const [what, bad] of Object.entries(jwts)) {
  test(`a JWT ${what} is refused on every route`, async (t) => {
    const [text, code] = await refusal('echo', bad);
    t.match(JSON.parse(text ?? ''), { error: 'unauthorized' });
    t.equal(code, 3000);
    for (const response of [await post('echo', bad), await asked('/sessions', bad), await asked('/readyz', bad)]) {
      t.equal(response.status, 401);
      t.match(await response.json(), { error: 'unauthorized' });
    }
  });
}

test('a token is taken from the header, a subprotocol, or the query', async (t) => {
  const address = gateway.streamUrl('echo');
  const offered = { 'Sec-WebSocket-Protocol': `framegate, framegate.token.${all.token}` };
  for (const [url, headers] of [
    [address, bearer(all.token)],
    [address, bearer(jwt)],
    [`${address}&token=${all.token}`, {}],
    [`${address}&token=${jwt}`, {}],
  ] as const) {
    const client = await StreamClient.open(url, headers);
    t.match(await client.sendUntilStarted(frame), { result: {} });
    await client.close();
  }
  const response = await upgradeHeaders(offered);
  t.equal(response['sec-websocket-protocol'], 'framegate', 'the reply does not name the token');
});

test('frames need the scope, and a pipeline that the token covers', async (t) => {
  for (const token of [all.token, jwt, await sign(claims(everything))]) {
    const response = await post('echo', token);
    t.equal(response.status, 200);
  }
  const missing = await post('echo');
  t.equal(missing.status, 401);
  t.equal(missing.headers.get('www-authenticate'), 'Bearer realm="framegate"');
  for (const token of [streamOnly.token, jwtForStream]) {
    const response = await post('echo', token);
    t.equal(response.status, 403);
    t.match(await response.json(), { error: 'forbidden' });
  }
  const unlisted = await post('nothing', await sign(claims(everything)));
  t.equal(unlisted.status, 404);
  t.equal((await post('nothing', unknown)).status, 401, 'pipelines are not revealed');
});

test('status routes need the scope admin; health and the short readiness need nothing', async (t) => {
  t.equal((await asked('/healthz')).status, 200);
  t.strictSame(Object.keys((await (await asked('/readyz')).json()) as object), ['ready']);
  t.ok((await (await asked('/readyz', all.token)).text()).includes('setups'));
  t.notOk((await (await asked('/readyz', streamOnly.token)).text()).includes('setups'));
  t.equal((await asked('/sessions')).status, 401);
  t.equal((await asked('/sessions', streamOnly.token)).status, 403);
  t.equal((await asked('/sessions', all.token)).status, 200);
  t.equal((await asked('/pipelines')).status, 401);
  const { pipelines } = (await (await asked('/pipelines', streamOnly.token)).json()) as { pipelines: object[] };
  t.match(pipelines, [{ id: 'echo' }]);
  t.equal(pipelines.length, 1, 'only the pipelines that the token covers');
  t.equal((await asked('/')).status, 200, 'the console itself needs no token');
});

test('a token has its own limits of sessions and frames', async (t) => {
  const client = await StreamClient.open(gateway.streamUrl('echo'), bearer(streamOnly.token));
  await client.sendUntilStarted(frame);
  t.strictSame(await refusal('echo', streamOnly.token), [
    '{"error":"server_busy","detail":"Too many sessions of this token"}',
    1013,
  ]);
  client.send(frame);
  client.send(frame);
  await client.until(() => client.with('dropped').length > 0);
  const { sessions } = (await (await asked('/sessions', all.token)).json()) as { sessions: object[] };
  t.match(sessions, [{ token: 'stream-only', drop_reasons: { token_limit: Number } }]);
  await client.close();
  const statuses = [await post('echo', framesOnly.token), await post('echo', framesOnly.token)];
  t.ok(statuses.some(({ status }) => status === 429));
});

test('nothing of a token or JWT is in the log or in /sessions', async (t) => {
  const sessions = await (await asked('/sessions', all.token)).text();
  const secrets = [all, expired, streamOnly, framesOnly].map(({ token }) => token);
  for (const secret of [...secrets, unknown, jwt, jwtForStream, ...Object.values(jwts)]) {
    t.notOk(gateway.log().includes(secret.slice(0, 40)));
    t.notOk(sessions.includes(secret.slice(0, 40)));
  }
});

test('the commands take the token from the environment or a file, and an error is final', async (t) => {
  const image = join(folder, 'frame.jpg');
  const tokenFile = join(folder, 'token.txt');
  writeFileSync(image, frame);
  writeFileSync(tokenFile, `${all.token}\n`);
  const args = ['send', image, '--url', `127.0.0.1:${gateway.port}`, '--pipeline', 'echo'];
  t.match(await runCli(args, { FRAMEGATE_TOKEN: all.token }), { code: 0, stdout: /"result"/ });
  t.match(await runCli([...args, '--token-file', tokenFile]), { code: 0 });
  t.match(await runCli(args, { FRAMEGATE_TOKEN: unknown }), { code: 1, stdout: /unauthorized/ });
  const bench = ['bench', '-u', `127.0.0.1:${gateway.port}/?token=${unknown}`, '-p', 'echo', '-c', '1', '-d', '1'];
  const { code, stdout, stderr } = await runCli(bench);
  t.equal(code, 1);
  t.match(stderr, /unauthorized/);
  t.notOk(`${stdout}${stderr}`.includes(unknown));
});

test('a session ends with unauthorized when its token expires', async (t) => {
  const client = await StreamClient.open(
    gateway.streamUrl('echo'),
    bearer(await sign(claims(everything), Math.floor(Date.now() / 1000) - 28)),
  );
  t.equal(await client.closed(), 3000);
  t.match(client.texts.at(-1), /"The token has expired"/);
});

test('a bad token or key file is one line, with exit code 2', async (t) => {
  const bad = join(folder, 'bad.json');
  const startWith = (env: Record<string, string>) => runCli(['serve'], { PORT: '0', ...env });
  writeFileSync(bad, JSON.stringify({ tokens: [{ ...all.entry, scope: ['stream'] }] }));
  t.match(await startWith({ AUTH_TOKENS_FILE: bad }), {
    code: 2,
    stderr: /^framegate: token file .*: tokens: 0: .*\n$/,
  });
  writeFileSync(bad, all.token);
  const { code, stderr } = await startWith({ AUTH_TOKENS_FILE: bad });
  t.equal(code, 2);
  t.match(stderr, /^framegate: token file .* is not JSON\n$/);
  t.match(await startWith({ AUTH_JWKS_FILE: bad }), { code: 2, stderr: /is not JSON\n$/ });
  writeFileSync(bad, '{"keys":1}');
  t.match(await startWith({ AUTH_JWKS_FILE: bad }), { code: 2, stderr: /is not a JSON Web Key Set\n$/ });
  rmSync(bad);
  t.match(await startWith({ AUTH_TOKENS_FILE: bad }), {
    code: 2,
    stderr: /^framegate: cannot read token file [^\n]*\n$/,
  });
});

/** The headers of the reply to a handshake. */
async function upgradeHeaders(headers: Record<string, string>): Promise<Record<string, unknown>> {
  const { request } = await import('node:http');
  return new Promise((resolve, reject) => {
    const handshake = {
      ...{ Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' },
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    };
    const path = '/ws/video/stream?pipeline_id=echo';
    const client = request({ port: gateway.port, host: '127.0.0.1', path, headers: { ...handshake, ...headers } });
    client.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve(response.headers);
    });
    client.on('error', reject).end();
  });
}
