/** Opens the console in the Chromium of the machine and watches what it must never do. Tests only. */
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import tap, { type Test } from 'tap';
import { findChromium } from '../../support/browser.ts';

const executablePath = findChromium();

/** Options for tests that need a browser. */
export const needsBrowser =
  executablePath === undefined ? { skip: 'there is no Chromium on the path, nor in CHROMIUM' } : {};

/** What is waited for on a busy machine. */
export const patience = { timeout: 60_000 };

export interface OpenConsole {
  readonly page: Page;
  /** What the page has done that it must not: errors, refused loads, requests to other hosts. */
  readonly issues: string[];
  /** Waits until the texts that were read are all among `expected`, and at least `count` of them are there. */
  texts(count: number): Promise<string[]>;
}

export interface OpenOptions extends BrowserContextOptions {
  /** Further flags of the browser. */
  readonly args?: readonly string[];
  /** Runs in the page before anything of it does. */
  readonly before?: () => void;
}

const browsers = new Map<string, Promise<Browser>>();

/** The browser with these flags: one for all tests of a file, since starting one takes longer than most tests. */
function browserWith(args: readonly string[]): Promise<Browser> {
  const key = args.join(' ');
  const running = browsers.get(key) ?? startBrowser(args);
  browsers.set(key, running);
  return running;
}

async function startBrowser(args: readonly string[]): Promise<Browser> {
  const quiet = ['--no-sandbox', '--disable-gpu', '--disable-background-networking'];
  const browser = await chromium.launch({ executablePath: executablePath ?? '', args: [...quiet, ...args] });
  tap.teardown(() => browser.close());
  return browser;
}

/** Opens the page at `address`, with no memory of any other. A fault that the test does not expect fails it at its end. */
export async function openConsole(t: Test, address: string, options: OpenOptions = {}): Promise<OpenConsole> {
  const { args = [], before, ...context } = options;
  const browser = await browserWith(args);
  const page = await browser.newPage(context);
  t.teardown(() => page.context().close());
  const issues: string[] = [];
  const { host } = new URL(address);
  page.on('console', (message) => {
    if (message.type() === 'error') issues.push(message.text());
  });
  page.on('pageerror', (error) => issues.push(String(error)));
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith('http') && url.host !== host) issues.push(`asked ${url.href}`);
  });
  page.on('websocket', (socket) => {
    if (new URL(socket.url()).host !== host) issues.push(`connected to ${socket.url()}`);
  });
  if (before) await page.addInitScript(before);
  await page.goto(address);
  const texts = async (count: number) => {
    const items = page.locator('#texts .text');
    await items.nth(count - 1).waitFor(patience);
    return items.allTextContents();
  };
  return { page, issues, texts };
}
