/** Repeated requests to an HTTP camera: one connection, logins that do not lock the account, redirects. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { type Test, test } from 'tap';
import { HttpGetter } from '../../../src/camera/http-getter.ts';
import { startSnapshotCamera } from '../../support/snapshot-camera.ts';

const image = () => Buffer.from('image');
const login = { user: 'admin', password: 'p@ss#1' };
const { signal } = new AbortController();

function getterOf(t: Test, address: string): HttpGetter {
  const getter = new HttpGetter(address);
  t.teardown(() => getter.close());
  return getter;
}

/** @returns the body, or the reason why there is none. */
async function textOf(getter: HttpGetter): Promise<string> {
  const result = await getter.get(signal);
  return result.type === 'response'
    ? (await buffer(result.response)).toString()
    : `${result.type}: ${result.reason.detail}`;
}

test('the connection is kept alive for the next request', async (t) => {
  const camera = await startSnapshotCamera(t, { image });
  const getter = getterOf(t, camera.url);
  for (let count = 0; count < 5; count++) t.equal(await textOf(getter), 'image');
  t.equal(camera.connections(), 1);
});

test('a kept-alive connection that the camera closes during a request is retried', async (t) => {
  const camera = await startSnapshotCamera(t, {
    image,
    answer: (_, index, { socket }) => {
      if (index === 1) socket.destroy();
      return index === 1;
    },
  });
  const getter = getterOf(t, camera.url);
  t.equal(await textOf(getter), 'image');
  t.equal(await textOf(getter), 'image');
  t.equal(camera.connections(), 2);
});

test('a connection closed without a response is reported', async (t) => {
  const camera = await startSnapshotCamera(t, {
    answer: (_, __, { socket }) => {
      socket.destroy();
      return true;
    },
  });
  t.equal(await textOf(getterOf(t, camera.url)), 'unreachable: camera closed the connection');
  t.equal(camera.requests.length, 1);
  await camera.kill();
  t.equal(await textOf(getterOf(t, camera.url)), 'unreachable: Connection refused');
});

test('Digest is sent after a challenge, counts its requests, and is recreated for a new nonce', async (t) => {
  const camera = await startSnapshotCamera(t, { image, login: { ...login, maxNonceUses: 3 } });
  const getter = getterOf(t, camera.url.replace('//', '//admin:p@ss%231@'));
  for (let count = 0; count < 7; count++) t.equal(await textOf(getter), 'image');
  t.equal(camera.requests[0], undefined, 'no password before a challenge');
  t.equal(camera.requests.length, 7 + 3, 'a challenge for each of three nonces');
  t.ok(camera.requests.slice(1).every((authorization) => authorization?.startsWith('Digest ')));
});

test('a wrong password is tried once', async (t) => {
  const camera = await startSnapshotCamera(t, { image, login });
  const getter = getterOf(t, camera.url.replace('//', '//admin:wrong@'));
  t.equal(await textOf(getter), 'refused: 401 Unauthorized: wrong user name or password');
  t.equal(camera.requests.filter((authorization) => authorization !== undefined).length, 1);
  t.equal(
    await textOf(getterOf(t, camera.url)),
    'refused: 401 Unauthorized: the address needs a user name and password',
  );
});

test('a rejected Basic password is not repeated', async (t) => {
  let isAuthorized = true;
  const camera = await startSnapshotCamera(t, {
    image,
    answer: (response, _, { headers }) => {
      const isRefused = headers.authorization === undefined || !isAuthorized;
      if (isRefused) response.writeHead(401, { 'www-authenticate': 'Basic realm="camera"' }).end();
      return isRefused;
    },
  });
  const getter = getterOf(t, camera.url.replace('//', '//admin:secret@'));
  t.equal(await textOf(getter), 'image');
  isAuthorized = false;
  t.match(await textOf(getter), /^refused: 401/);
  t.equal(camera.requests.length, 3);
});

test('a redirect is followed, with the login on the same host only', async (t) => {
  const other = await startSnapshotCamera(t, { login });
  const camera = await startSnapshotCamera(t, {
    image,
    answer: (response, _, { url, headers }) => {
      if (url === '/snapshot.jpg') response.writeHead(302, { location: '/real.jpg' }).end();
      else if (headers.authorization === undefined) response.writeHead(401, { 'www-authenticate': 'Basic' }).end();
      else if (url === '/real.jpg') return false;
      else response.writeHead(302, { location: `http://localhost:${other.port}/x` }).end();
      return true;
    },
  });
  const address = camera.url.replace('//', '//admin:p@ss%231@');
  t.equal(await textOf(getterOf(t, address)), 'image');
  t.match(await textOf(getterOf(t, address.replace('snapshot', 'other'))), /^refused: 401 .* needs a user name/);
  t.strictSame(other.requests, [undefined]);
});

for (const [what, location, reason] of [
  ['loop', '/snapshot.jpg', 'more than 5 redirects'],
  ['to an unsupported scheme', 'file:///etc/passwd', 'redirect to an unsupported address'],
  ['to an invalid address', 'http://', 'redirect to an unsupported address'],
  ['without a location', undefined, '302 Found'],
] as const) {
  test(`a redirect ${what} is reported`, async (t) => {
    const camera = await startSnapshotCamera(t, {
      answer: (response) => {
        response.writeHead(302, location === undefined ? {} : { location }).end();
        return true;
      },
    });
    t.equal(await textOf(getterOf(t, camera.url)), `refused: ${reason}`);
  });
}

for (const [status, reason] of [
  [403, '403 Forbidden: the user has no access to this camera'],
  [404, '404 Not Found: no such stream or image'],
  [503, '503 Service Unavailable'],
  [599, '599'],
] as const) {
  test(`status ${status} is reported`, async (t) => {
    const camera = await startSnapshotCamera(t, {
      answer: (response) => {
        response.writeHead(status, '\t').end('<html>');
        return true;
      },
    });
    t.equal(await textOf(getterOf(t, camera.url)), `refused: ${reason}`);
  });
}

test('a request without a response ends when the signal is aborted', async (t) => {
  const stop = new AbortController();
  const camera = await startSnapshotCamera(t, {
    answer: () => {
      stop.abort();
      return true;
    },
  });
  t.match(await getterOf(t, camera.url).get(stop.signal), { type: 'unreachable' });
});

const noOpenssl = (() => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'needs openssl';
  }
})();

test('a self-signed certificate is accepted', { skip: noOpenssl }, async (t) => {
  const folder = t.testdir();
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=camera', '-keyout', key, '-out', cert];
  execFileSync('openssl', args, { stdio: 'ignore' });
  const server = createSecureServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, response) => {
    response.end('image');
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  t.equal(await textOf(getterOf(t, `https://127.0.0.1:${port}/x`)), 'image');
});
