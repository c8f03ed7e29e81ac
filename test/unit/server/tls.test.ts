/** A certificate is checked with one clear line, and renewed without ending connections. Real certificates by openssl. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { type Test, test } from 'tap';
import { ConfigError } from '../../../src/errors.ts';
import { Listener } from '../../../src/server/listener.ts';
import { readCertificate } from '../../../src/server/tls.ts';
import { loadUws, type TemplatedApp } from '../../../src/server/uws.ts';
import { makeCertificate } from '../../support/certificate.ts';
import { silentLog } from '../../support/silent-log.ts';

const host = '127.0.0.1';

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version']);
    return true;
  } catch {
    return false;
  }
}

const needsOpenssl = hasOpenssl() ? {} : { skip: 'openssl is not installed' };

test('a valid pair is described', needsOpenssl, async (t) => {
  const facts = readCertificate(makeCertificate(t.testdir({}), 'gate'));
  t.match(facts, { subject: /DNS:gate/, expires: /^\d{4}-.*Z$/, isExpired: false });
});

test('each mistake has its line', needsOpenssl, async (t) => {
  const folder = t.testdir({});
  const [gate, other] = [makeCertificate(folder, 'gate'), makeCertificate(folder, 'other')];
  const missing = join(folder, 'missing.pem');
  const text = join(folder, 'text.pem');
  writeFileSync(text, 'hello');
  for (const [files, issue] of [
    [{ ...gate, certFile: missing }, `TLS_CERT_FILE: ${missing} cannot be read (ENOENT)`],
    [{ ...gate, keyFile: missing }, `TLS_KEY_FILE: ${missing} cannot be read (ENOENT)`],
    [{ ...gate, certFile: text }, `TLS_CERT_FILE: ${text} is not a certificate in PEM format`],
    [{ ...gate, keyFile: text }, `TLS_KEY_FILE: ${text} is not the private key of the certificate`],
    [{ ...gate, keyFile: other.keyFile }, `TLS_KEY_FILE: ${other.keyFile} is not the private key of the certificate`],
  ] as const) {
    const error = await Promise.resolve()
      .then(() => readCertificate(files))
      .catch((thrown: Error) => thrown);
    t.ok(error instanceof ConfigError && error.message.startsWith(issue), String(error));
  }
});

/** Connects. @returns the socket, and the name in the certificate. */
async function connectTo(t: Test, port: number, version?: 'TLSv1.1' | 'TLSv1.2') {
  const versions =
    version === undefined ? {} : { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' };
  const socket = connect({ host, port, rejectUnauthorized: false, ...versions });
  t.teardown(() => socket.destroy());
  await once(socket, 'secureConnect');
  return { socket, name: socket.getPeerCertificate().subject.CN };
}

test('a renewed certificate is used for new connections, and open ones go on', needsOpenssl, async (t) => {
  const folder = t.testdir({});
  const tls = makeCertificate(folder, 'old');
  const listener = new Listener(await loadUws(4096), {
    ...{
      max: 10,
      whenFull: { event: 'descriptors_exhausted', message: 'full' } as const,
      makeRoom: () => undefined,
      log: silentLog,
      tls,
    },
    register: (app: TemplatedApp) => void app.any('/*', (response) => void response.end('here')),
  });
  t.teardown(() => listener.close());
  const { port } = await listener.listen({ host, port: 0 });
  const { socket, name } = await connectTo(t, port);
  t.equal(name, 'old');
  const renewed = makeCertificate(folder, 'new');
  copyFileSync(renewed.certFile, tls.certFile);
  copyFileSync(renewed.keyFile, tls.keyFile);
  await listener.renewCertificate();
  for (let connection = 0; connection < 5; connection++) t.equal((await connectTo(t, port)).name, 'new');
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  t.match(String((await once(socket, 'data'))[0]), /here$/);
  t.equal(listener.connections.open, 6, 'connections of both certificates count');
  t.equal((await connectTo(t, port, 'TLSv1.2')).name, 'new');
  await t.rejects(connectTo(t, port, 'TLSv1.1'), { message: /protocol version/ });
});
