/** Pages of other sites, and a page whose name was made to resolve to the gateway, in a real browser. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chromium, type Page } from 'playwright-core';
import tap, { type Test, test } from 'tap';
import { findChromium } from '../support/browser.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { tempFolder, tokenEntry, writeTokens } from '../support/tokens.ts';

const executablePath = findChromium();
const needsBrowser = executablePath === undefined ? { skip: 'Chromium not found in PATH or CHROMIUM' } : {};
const frame = Buffer.from(encodeGradient(64, 48)).toString('base64');
const { token, entry } = tokenEntry('page');
const tokenFile = `${tempFolder(tap)}/tokens.json`;
writeTokens(tokenFile, entry);

/**
 * Every name that ends with `.test` is this machine. Recent browsers ask the user before a page reaches the local network; the gateway must
 * hold without that.
 */
const flags = [
  ...['--no-sandbox', '--disable-gpu', '--host-resolver-rules=MAP *.test 127.0.0.1'],
  '--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests',
];

const site = createServer((_request, response) => {
  response.setHeader('content-type', 'text/html').end('<!doctype html><title>A page of another site</title>');
});
await new Promise<void>((resolve) => {
  site.listen(0, '127.0.0.1', resolve);
});
tap.teardown(() => site.close());
const sitePort = (site.address() as AddressInfo).port;

async function openPage(t: Test, address: string, content?: string): Promise<Page> {
  const browser = await chromium.launch({ executablePath: executablePath ?? '', args: flags });
  t.teardown(() => browser.close());
  const page = await browser.newPage();
  const body = content;
  if (body !== undefined) await page.route(address, (route) => route.fulfill({ contentType: 'text/html', body }));
  await page.goto(address);
  return page;
}

interface Tried {
  readonly stream: string;
  readonly frames: string;
  readonly sessions: string;
}

/** What a page can do: the first message of a stream, the reply to a frame, the status of the sessions. */
function tryAll(page: Page, base: string, token?: string): Promise<Tried> {
  return page.evaluate(
    async ([gateway, jpeg, secret]) => {
      const bytes = Uint8Array.from(atob(jpeg), (letter) => letter.charCodeAt(0));
      const headers: Record<string, string> = secret === '' ? {} : { Authorization: `Bearer ${secret}` };
      const textOf = (reply: Promise<Response>) =>
        reply.then(
          (response) => response.text(),
          () => 'unreadable',
        );
      const stream = new Promise<string>((resolve) => {
        const url = `${gateway.replace('http', 'ws')}/ws/video/stream?pipeline_id=echo`;
        const socket = new WebSocket(url, secret === '' ? [] : ['framegate', `framegate.token.${secret}`]);
        let text = 'unreadable';
        socket.onopen = () => socket.send(bytes);
        socket.onmessage = ({ data }) => {
          text = data;
          // A worker may still be starting.
          if (data.includes('dropped')) setTimeout(() => socket.send(bytes), 50);
          else socket.close();
        };
        socket.onclose = ({ code }) => resolve(`${code} ${text}`);
      });
      return {
        stream: await stream,
        frames: await textOf(
          fetch(`${gateway}/frames?pipeline_id=echo`, {
            method: 'POST',
            body: bytes,
            headers: { 'Content-Type': 'image/jpeg', ...headers },
          }),
        ),
        sessions: await textOf(fetch(`${gateway}/sessions`, { headers })),
      };
    },
    [base, frame, token ?? ''] as const,
  );
}

async function startFor(t: Test, env: Record<string, string> = {}): Promise<Gateway> {
  const gateway = await startGateway({ POOL_WORKERS: '1', ...env });
  t.teardown(() => gateway.kill());
  return gateway;
}

/** Frames that reached a pipeline, counted by a client that is no page. */
async function sessionsOf({ httpUrl }: Gateway): Promise<{ sessions: object[]; ended: object[] }> {
  const response = await fetch(`${httpUrl}/sessions`);
  return (await response.json()) as { sessions: object[]; ended: object[] };
}

test('a page of another site can neither open a stream nor post a frame nor read a status', needsBrowser, async (t) => {
  const gateway = await startFor(t);
  const page = await openPage(t, `http://evil.test:${sitePort}/`);
  t.strictSame(await tryAll(page, gateway.httpUrl), {
    stream: `3003 {"error":"forbidden","detail":"Origin http://evil.test:${sitePort} is not allowed; see ALLOWED_ORIGINS"}`,
    frames: 'unreadable',
    sessions: 'unreadable',
  });
  const form = page.waitForResponse((response) => response.url().includes('/frames'));
  await page.evaluate(`{
    const form = document.createElement('form');
    Object.assign(form, { action: '${gateway.httpUrl}/frames?pipeline_id=echo', method: 'post', enctype: 'text/plain' });
    document.body.append(form);
    form.submit();
  }`);
  t.equal((await form).status(), 403, 'nor can a form');
  t.match(await sessionsOf(gateway), { sessions: [], ended: [] });
});

test('nor can a page whose name was made to resolve to the gateway', needsBrowser, async (t) => {
  const gateway = await startFor(t);
  const own = `http://rebound.test:${gateway.port}`;
  const page = await openPage(t, `${own}/page`, '<!doctype html><title>Rebound</title>');
  const refused = `{"error":"forbidden","detail":"Host rebound.test:${gateway.port} is not allowed; see ALLOWED_HOSTS"}`;
  t.strictSame(await tryAll(page, own), { stream: `3003 ${refused}`, frames: refused, sessions: refused });
  t.match(await sessionsOf(gateway), { sessions: [], ended: [] });
});

test('nor can a local file or a sandboxed frame', needsBrowser, async (t) => {
  const gateway = await startFor(t);
  const page = await openPage(t, 'data:text/html,<title>Opaque</title>');
  t.match(await tryAll(page, gateway.httpUrl), {
    stream: /^3003 .*Origin null is not allowed/,
    frames: 'unreadable',
    sessions: 'unreadable',
  });
});

test('an allowed origin can do all of it', needsBrowser, async (t) => {
  const gateway = await startFor(t, { ALLOWED_ORIGINS: `http://App.test:${sitePort}` });
  const page = await openPage(t, `http://app.test:${sitePort}/`);
  const done = { stream: /^1005 .*"result"/, frames: /"result"|"dropped"/, sessions: /"sessions"/ };
  t.match(await tryAll(page, gateway.httpUrl), done);
  const named = `http://app.test:${gateway.port}`;
  t.match(await tryAll(page, named), done, 'its host is allowed too');
});

test('with tokens, an allowed origin needs one too, and it is not logged', needsBrowser, async (t) => {
  const env = { ALLOWED_ORIGINS: `http://app.test:${sitePort}`, AUTH_TOKENS_FILE: tokenFile, LOG_LEVEL: 'trace' };
  const gateway = await startFor(t, env);
  const page = await openPage(t, `http://app.test:${sitePort}/`);
  t.match(await tryAll(page, gateway.httpUrl), {
    stream: '3000 {"error":"unauthorized","detail":"A token is required"}',
    frames: '{"error":"unauthorized","detail":"A token is required"}',
    sessions: '{"error":"unauthorized","detail":"A token is required"}',
  });
  t.match(await tryAll(page, gateway.httpUrl, token), {
    stream: /^1005 .*"result"/,
    frames: /"result"|"dropped"/,
    sessions: /"sessions"/,
  });
  t.notOk(gateway.log().includes(token));
});
