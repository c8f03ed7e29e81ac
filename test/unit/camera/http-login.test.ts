/** The examples of the RFCs, and challenges as cameras send them. */
import { test } from 'tap';
import { authorize, type Challenge, loginOf, readChallenge } from '../../../src/camera/http-login.ts';

const request = { uri: '/dir/index.html', count: 1, clientNonce: '' };

function respond(header: string, password: string, clientNonce: string): string {
  return authorize(readChallenge([header]) as Challenge, { user: 'Mufasa', password }, { ...request, clientNonce });
}

test('Digest with MD5, RFC 2617, 3.5', async (t) => {
  const header =
    'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", ' +
    'opaque="5ccc069c403ebaf9f0171e9517f40e41"';
  t.equal(
    respond(header, 'Circle Of Life', '0a4f113b'),
    'Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", ' +
      'uri="/dir/index.html", response="6629fae49393a05397450978507c4ef1", opaque="5ccc069c403ebaf9f0171e9517f40e41", ' +
      'qop=auth, nc=00000001, cnonce="0a4f113b"',
  );
});

for (const [algorithm, digest] of [
  ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
] as const) {
  test(`Digest with ${algorithm}, RFC 7616, 3.9.1`, async (t) => {
    const header =
      'Digest realm="http-auth@example.org", qop="auth, auth-int", ' +
      `algorithm=${algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe"`;
    const response = respond(header, 'Circle of Life', 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ');
    t.match(response, `response="${digest}"`);
    t.match(response, `algorithm=${algorithm}`);
  });
}

test('a challenge without qop gets a digest without qop, RFC 2069', async (t) => {
  const header = respond('Digest realm="a", nonce="b"', 'c', 'unused');
  t.notMatch(header, /qop|nc=|cnonce|algorithm|opaque/);
});

test('Basic is used if there is no supported digest', async (t) => {
  t.match(readChallenge(['Basic realm="a", Digest realm="b, c", nonce="d"']), { scheme: 'digest', realm: 'b, c' });
  t.match(readChallenge(['Digest realm="a", nonce="b", algorithm=SHA-512-256, Basic realm="c"']), { scheme: 'basic' });
  t.match(readChallenge(['Digest realm="a", nonce="b", algorithm=SHA-512-256', 'Digest realm="a", nonce="c"']), {
    nonce: 'c',
  });
  t.match(readChallenge(['Digest realm="a", nonce="b", qop="auth-int"', 'basic']), { scheme: 'basic' });
  t.equal(readChallenge(['Bearer realm="a"', 'NTLM', '']), undefined);
  t.equal(readChallenge([]), undefined);
  const header = authorize({ scheme: 'basic' }, { user: 'admin', password: 'pä:ss' }, request);
  t.equal(header, `Basic ${Buffer.from('admin:pä:ss').toString('base64')}`);
});

test('MD5-sess uses a session key, and quotes in a user name are escaped', async (t) => {
  const challenge = readChallenge(['Digest realm="a\\"b", nonce="c", algorithm=MD5-sess, qop=auth']) as Challenge;
  const login = { user: 'Mu"fasa', password: 'd' };
  const first = authorize(challenge, login, { ...request, clientNonce: 'e' });
  t.match(first, /username="Mu\\"fasa", realm="a\\"b"/);
  t.not(first, authorize({ ...challenge, algorithm: 'MD5' } as Challenge, login, { ...request, clientNonce: 'e' }));
});

test('user name and password are percent-decoded, or kept as they are if that fails', async (t) => {
  t.strictSame(loginOf(new URL('http://ad%40min:p@ss%23@h/')), { user: 'ad@min', password: 'p@ss#' });
  t.strictSame(loginOf(new URL('http://admin:100%@h/')), { user: 'admin', password: '100%' });
  t.equal(loginOf(new URL('http://h/')), undefined);
});
