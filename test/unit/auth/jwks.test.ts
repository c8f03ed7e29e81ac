/** JWTs by keys from an address: fetched once, limits, outages, algorithms. Files: `test/contract/authorization.test.ts`. */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT } from 'jose';
import { type Test, test } from 'tap';
import { JwtVerifier } from '../../../src/auth/jwks.ts';
import { signer } from '../../support/tokens.ts';

const framegate = { scopes: ['stream'], pipelines: 'all', max_fps: 7 };

async function verifierOf(t: Test, listener: RequestListener) {
  const seen = { requests: 0 };
  const server = createServer((request, response) => {
    seen.requests += 1;
    listener(request, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve());
  });
  t.teardown(() => server.close());
  const jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
  const warnings: string[] = [];
  const settings = { jwksFile: undefined, jwksUrl, issuer: 'https://id.example', audience: undefined };
  const verifier = new JwtVerifier(settings, (line) => warnings.push(line));
  return { verifier, warnings, seen };
}

test('keys are fetched when the first JWT comes, and a valid JWT is remembered', async (t) => {
  const { jwks, sign } = await signer();
  const { verifier, seen } = await verifierOf(t, (_, response) => response.end(JSON.stringify(jwks)));
  t.equal(seen.requests, 0);
  const jwt = await sign({ iss: 'https://id.example', framegate });
  t.ok(JwtVerifier.isJwt(jwt));
  t.notOk(JwtVerifier.isJwt('fg_abc'));
  t.match(await verifier.verify(jwt), {
    type: 'valid',
    grant: { name: 'jwt:camera 7', maxFramesPerSecond: 7, scopes: new Set(['stream']) },
  });
  t.match(verifier.verify(jwt), { type: 'valid' }, 'at once');
  t.match(await verifier.verify(await sign({ iss: 'https://other.example', framegate })), {
    detail: 'The JWT\'s claim "iss" is missing or wrong',
  });
  t.equal(seen.requests, 1);
});

test('symmetric and missing signatures are refused', async (t) => {
  const { jwks } = await signer();
  const { verifier } = await verifierOf(t, (_, response) => response.end(JSON.stringify(jwks)));
  const secret = new TextEncoder().encode(JSON.stringify(jwks.keys[0]));
  const symmetric = await new SignJWT({ iss: 'https://id.example', framegate })
    .setProtectedHeader({ alg: 'HS256', kid: 'test' })
    .setSubject('x')
    .setExpirationTime('1h')
    .sign(secret);
  t.match(await verifier.verify(symmetric), { type: 'invalid', detail: "The JWT's algorithm is not allowed" });
  const [, payload] = symmetric.split('.');
  const header = Buffer.from('{"alg":"none"}').toString('base64url');
  t.match(await verifier.verify(`${header}.${payload}.`), { type: 'invalid' });
  t.match(await verifier.verify(`${header}.${payload}.!`), { type: 'invalid' });
});

for (const [what, listener] of [
  ['an error', (_, response) => response.writeHead(500).end()],
  ['a redirect', (_, response) => response.writeHead(302, { location: '/other' }).end()],
  ['no JSON', (_, response) => response.end('<html>')],
  ['too many bytes', (_, response) => response.end(`{"keys":[],"x":"${'x'.repeat(300_000)}"}`)],
] as [string, RequestListener][]) {
  test(`keys cannot be checked while their address answers with ${what}`, async (t) => {
    const { verifier, warnings, seen } = await verifierOf(t, listener);
    const { sign } = await signer();
    for (let i = 0; i < 3; i++)
      t.match(await verifier.verify(await sign({ n: i, framegate })), { type: 'unavailable' });
    if (what === 'no JSON') return;
    t.equal(seen.requests, 1, 'the next attempt waits');
    t.match(warnings, [/^cannot fetch the keys of AUTH_JWKS_URL: /]);
  });
}
