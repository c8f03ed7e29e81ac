/** TLS: clients connect to `wss://`, and a renewed certificate is taken under load without ending a stream. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { type Test, test } from 'tap';
import WebSocket from 'ws';
import { makeCertificate } from '../support/certificate.ts';
import { runCli, startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { eventually } from '../support/vital-signs.ts';

const frame = encodeGradient(64, 48);
const reloads = 3;

function opensslVersion(): string | undefined {
  try {
    return execFileSync('openssl', ['version'], { encoding: 'utf8' });
  } catch {
    return undefined;
  }
}

const needs = opensslVersion() === undefined ? { skip: 'openssl is not installed' } : {};

/** The name in the certificate that a new connection gets. */
function nameAt(port: number): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().subject.CN as string | undefined);
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

/** Sends a frame after each reply until it is stopped. @returns the replies so far, and how it was closed. */
function stream(t: Test, port: number, ca: Buffer) {
  const socket = new WebSocket(`wss://127.0.0.1:${port}/ws/video/stream?pipeline_id=echo`, { ca });
  t.teardown(() => socket.terminate());
  const replies: string[] = [];
  const closeCodes: number[] = [];
  socket.on('open', () => socket.send(frame));
  socket.on('message', (data) => {
    replies.push(String(data));
    socket.send(frame);
  });
  socket.on('close', (code) => closeCodes.push(code));
  return { replies, closeCodes };
}

test('a renewed certificate is used for new connections, and streams go on', needs, async (t) => {
  const folder = t.testdir({});
  const tls = makeCertificate(folder, 'first');
  const gateway = await startGateway({ POOL_WORKERS: '1', TLS_CERT_FILE: tls.certFile, TLS_KEY_FILE: tls.keyFile });
  t.teardown(() => gateway.kill());
  t.match(gateway.log(), /"url":"wss:.*"page":"https:/);
  const { replies, closeCodes } = stream(t, gateway.port, readFileSync(tls.certFile));
  await eventually(
    () => replies.length,
    (count) => count > 5,
    'replies',
  );
  for (let reload = 1; reload <= reloads; reload++) {
    const name = `renewed-${reload}`;
    const next = makeCertificate(folder, name);
    copyFileSync(next.certFile, tls.certFile);
    copyFileSync(next.keyFile, tls.keyFile);
    gateway.signal('SIGHUP');
    await eventually(gateway.log, (log) => log.includes(`DNS:${name}`), `the certificate of ${name}`);
    t.equal(await nameAt(gateway.port), name);
  }
  const before = replies.length;
  await eventually(
    () => replies.length,
    (count) => count > before + 5,
    'more replies of the first stream',
  );
  t.strictSame(closeCodes, []);
  t.notOk(replies.some((reply) => reply.includes('"error"')));

  writeFileSync(tls.keyFile, 'not a key');
  gateway.signal('SIGHUP');
  await eventually(gateway.log, (log) => log.includes('"event":"reload_failed"'), 'a failed reload');
  t.match(gateway.log(), /TLS_KEY_FILE: [^"]* is not the private key/);
  t.equal(await nameAt(gateway.port), `renewed-${reloads}`, 'the last good one stays in use');
  t.strictSame(await gateway.stop(), { code: 0, signal: null });
});

test('framegate send speaks TLS, and trusts only known certificates', needs, async (t) => {
  const folder = t.testdir({ 'frame.jpg': frame });
  const tls = makeCertificate(folder, 'gate');
  const gateway = await startGateway({ POOL_WORKERS: '1', TLS_CERT_FILE: tls.certFile, TLS_KEY_FILE: tls.keyFile });
  t.teardown(() => gateway.kill());
  const args = ['send', `${folder}/frame.jpg`, '-p', 'echo', '--url', `wss://127.0.0.1:${gateway.port}`];
  t.match(await runCli(args), { code: 2, stderr: /self-signed certificate/ });
  t.match(await runCli(args, { NODE_EXTRA_CA_CERTS: tls.certFile }), { code: 0, stdout: /"width":64/ });
  const reload = await runCli(['reload', '--url', `https://127.0.0.1:${gateway.port}`], {
    NODE_EXTRA_CA_CERTS: tls.certFile,
  });
  t.match(reload, { code: 0, stdout: 'reloaded: generation 2\n' });
});
