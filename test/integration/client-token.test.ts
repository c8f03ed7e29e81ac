/** `framegate/client` and the bridge with a gateway that needs a token: sent as a header, and a refusal is final. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import tap, { test } from 'tap';
import { connect } from '../../src/client/node.ts';
import { runCli, startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { startMjpegCamera } from '../support/mjpeg-camera.ts';
import { tempFolder, tokenEntry, writeTokens } from '../support/tokens.ts';

const file = `${tempFolder(tap)}/tokens.json`;
const { token, entry } = tokenEntry('camera', { scopes: ['stream'], pipelines: ['echo'] });
writeTokens(file, entry);
const gateway = await startGateway({ POOL_WORKERS: '1', AUTH_TOKENS_FILE: file });
tap.teardown(() => gateway.kill());

test('with its token the client gets results', async (t) => {
  const client = connect({ url: gateway.httpUrl, pipeline: 'echo', token });
  await client.ready();
  t.match(await client.send(encodeGradient(64, 48)).reply, { type: /result|dropped/ });
  client.close();
});

for (const [pipeline, given, code] of [
  ['echo', undefined, 'unauthorized'],
  ['echo', 'wrong', 'unauthorized'],
  ['failing', token, 'forbidden'],
] as const) {
  test(`${code} for ${pipeline} with ${given === token ? 'its' : given} token is final`, async (t) => {
    const client = connect({ url: gateway.httpUrl, pipeline, token: given });
    const errors: string[] = [];
    client.on('error', (error) => errors.push(error.code));
    await new Promise<void>((resolve) => client.on('state', ({ state }) => void (state === 'closed' && resolve())));
    t.equal(client.error?.code, code);
    await new Promise((resolve) => setImmediate(resolve));
    t.strictSame(errors, [code]);
  });
}

test('a redirect that repeats the token in its address is quoted without it', async (t) => {
  const server = createServer();
  server.on('upgrade', (request, socket) => {
    socket.end(`HTTP/1.1 301 Moved\r\nLocation: /gate${request.url}\r\nContent-Length: 0\r\n\r\n`);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve());
  });
  t.teardown(() => server.close());
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/?token=${token}`;
  const client = connect({ url, pipeline: 'echo', maxAttempts: 1 });
  const error = await client.opened().catch((cause: Error) => cause);
  t.match(String(error), /moved to \/gate\/ws\/video\/stream\)/);
  t.notOk(String(error).includes(token));
  client.close();
});

test('the bridge gives up on a refusal', async (t) => {
  const camera = await startMjpegCamera(t);
  const showing = setInterval(() => camera.show(Buffer.from(encodeGradient(64, 48))), 100);
  t.teardown(() => clearInterval(showing));
  const args = ['camera', camera.url, '--url', `127.0.0.1:${gateway.port}`, '-p', 'echo', '--json'];
  const { code, stdout, stderr } = await runCli(args, { FRAMEGATE_TOKEN: 'wrong' });
  t.equal(code, 1);
  t.match(stdout + stderr, /gateway error: unauthorized: Unknown token/);
});
