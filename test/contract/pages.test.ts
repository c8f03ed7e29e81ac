/** The console's files over HTTP: those it needs, with their headers, and no others. */
import { request } from 'node:http';
import tap, { test } from 'tap';
import { startGateway } from '../support/gateway.ts';

const gateway = await startGateway({ POOL_WORKERS: '1' });
tap.teardown(() => gateway.kill());

interface Reply {
  readonly status: number | undefined;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

/** Any method on any path, sent without normalization. */
function sendRequest(method: string, path: string, headers: Record<string, string> = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: gateway.port, method, path, headers, agent: false };
    const sent = request(options, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        body += piece;
      });
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }));
    });
    sent.on('error', reject);
    sent.end();
  });
}

const types: [path: string, type: string][] = [
  ['/', 'text/html; charset=utf-8'],
  ['/?pipeline=yolo&source=camera', 'text/html; charset=utf-8'],
  ['/cameras', 'text/html; charset=utf-8'],
  ['/web/cameras.js', 'text/javascript; charset=utf-8'],
  ['/web/main.css', 'text/css; charset=utf-8'],
  ['/web/favicon.svg', 'image/svg+xml'],
  ['/web/main.js', 'text/javascript; charset=utf-8'],
];

for (const [path, type] of types) {
  test(`${path} is served from memory with security headers`, async (t) => {
    const { status, headers, body } = await sendRequest('GET', path);
    t.equal(status, 200);
    t.equal(headers['content-type'], type);
    t.equal(headers['cache-control'], 'no-cache');
    t.equal(headers['x-content-type-options'], 'nosniff');
    t.equal(headers['referrer-policy'], 'no-referrer');
    t.match(headers['content-security-policy'], /default-src 'none'; script-src 'self'; style-src 'self';/);
    t.notMatch(headers['content-security-policy'], /unsafe|\*|https?:/);
    t.ok(body.length > 100);
  });
}

for (const [path, scriptPath] of [
  ['/', '/web/main.js'],
  ['/cameras', '/web/cameras.js'],
] as const) {
  test(`${path} needs only its script, its style sheet and its icon, which need nothing else`, async (t) => {
    const { body } = await sendRequest('GET', path);
    const needed = [...body.matchAll(/<(?!a ).* (?:src|href)="([^"]+)"/g)].map(([, address]) => `/${address}`);
    t.strictSame([...new Set(needed)].sort(), ['/web/favicon.svg', '/web/main.css', scriptPath].sort());
    const script = (await sendRequest('GET', scriptPath)).body;
    t.notOk(/(?:^|[;}])import\b|sourceMappingURL/.test(script), 'the script has no imports');
    t.notOk(/@import|url\(/.test((await sendRequest('GET', '/web/main.css')).body), 'nor has the style sheet');
  });
}

test('a browser with a cached copy gets 304', async (t) => {
  const { etag = '' } = (await sendRequest('GET', '/')).headers;
  for (const known of [String(etag), `W/${etag}`, `"other", ${etag}`]) {
    const { status, headers, body } = await sendRequest('GET', '/', { 'if-none-match': known });
    t.equal(status, 304);
    t.equal(headers['etag'], etag);
    t.equal(body, '');
  }
  t.equal((await sendRequest('GET', '/', { 'if-none-match': '"other"' })).status, 200);
  t.equal((await sendRequest('GET', '/', { 'if-none-match': '' })).status, 200);
});

test('HEAD has the headers and no body', async (t) => {
  const { status, headers, body } = await sendRequest('HEAD', '/web/main.js');
  t.equal(status, 200);
  t.equal(headers['content-type'], 'text/javascript; charset=utf-8');
  t.equal(body, '');
});

for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
  test(`${method} gets 405 as JSON`, async (t) => {
    const { status, headers, body } = await sendRequest(method, '/');
    t.equal(status, 405);
    t.equal(headers['allow'], 'GET, HEAD');
    t.equal(body, '{"error":"method_not_allowed","detail":"Only GET is supported here"}');
  });
}

const strangers = [
  ...[
    '/index.html',
    '/web',
    '/web/',
    '/web/index.html',
    '/cameras/',
    '/web/cameras.html',
    '/web/main.ts',
    '/web/tsconfig.json',
  ],
  ...[
    '/web/controller.js',
    '/web/styles/theme.css',
    '/client/index.js',
    '/client/node.js',
    '/protocol.js',
    '/errors.js',
  ],
  ...[
    '/../package.json',
    '/web/../../package.json',
    '/web/..%2f..%2fpackage.json',
    '/%2e%2e/package.json',
    '//web/main.js',
  ],
  ...[
    '/server/pages.js',
    '/cli.js',
    '/web/main.js.map',
    '/web/main.js/',
    '/web/main.js%00',
    '/favicon.ico',
    '/__proto__',
  ],
];

for (const path of strangers) {
  test(`${path} is not found`, async (t) => {
    const { status, headers, body } = await sendRequest('GET', path);
    t.equal(status, 404);
    t.equal(headers['content-type'], 'application/json; charset=utf-8');
    t.equal(headers['content-security-policy'], undefined);
    t.equal(body, '{"error":"not_found","detail":"No such resource"}');
  });
}
