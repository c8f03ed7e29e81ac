/** Opens the console in the installed Chromium and collects unexpected errors and requests. Tests only. */
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import tap, { type Test } from 'tap';
import { findChromium } from '../../support/browser.ts';

const executablePath = findChromium();

/** Options for tests that need a browser. */
export const needsBrowser = executablePath === undefined ? { skip: 'Chromium not found in PATH or CHROMIUM' } : {};

/** Generous timeout for a busy machine. */
export const waitOptions = { timeout: 60_000 };

export interface OpenConsole {
  readonly page: Page;
  /** Unexpected events: errors, blocked loads, requests to other hosts. */
  readonly issues: string[];
  /** Waits for at least `count` recognized texts and returns them. */
  texts(count: number): Promise<string[]>;
}

export interface OpenOptions extends BrowserContextOptions {
  /** Additional browser flags. */
  readonly args?: readonly string[];
  /** Runs in the page before its own scripts. */
  readonly before?: () => void;
}

const browsers = new Map<string, Promise<Browser>>();

/** The browser with these flags, shared by all tests of a file: starting one takes longer than most tests. */
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

/** Opens the page at `address` in a fresh context. Tests check `issues` at their end. */
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
    if (url.protocol.startsWith('http') && url.host !== host) issues.push(`requested ${url.href}`);
  });
  page.on('websocket', (socket) => {
    if (new URL(socket.url()).host !== host) issues.push(`connected to ${socket.url()}`);
  });
  if (before) await page.addInitScript(before);
  await page.goto(address);
  const texts = async (count: number) => {
    const items = page.locator('#texts .text');
    await items.nth(count - 1).waitFor(waitOptions);
    return items.allTextContents();
  };
  return { page, issues, texts };
}
