/** The console of a gateway with tokens: asks for one, uses it for everything, and never shows it. */
import tap, { test } from 'tap';
import { startGateway } from '../../support/gateway.ts';
import { tempFolder, tokenEntry, writeTokens } from '../../support/tokens.ts';
import { needsBrowser, openConsole, waitOptions } from './open-console.ts';

const tokenFile = `${tempFolder(tap)}/tokens.json`;
const { token, entry } = tokenEntry('page');
writeTokens(tokenFile, entry);
const gateway = await startGateway({ POOL_WORKERS: '1', AUTH_TOKENS_FILE: tokenFile, LOG_LEVEL: 'trace' });
tap.teardown(() => gateway.kill());

test('the console asks for a token and then runs; the token stays in the tab', needsBrowser, async (t) => {
  const { page, issues } = await openConsole(t, `${gateway.httpUrl}/?pipeline=echo`);
  const form = page.locator('#token-form');
  await form.waitFor(waitOptions);
  t.equal(await page.locator('#notice-title').textContent(), 'The gateway needs a token');
  await page.locator('#token').fill('wrong');
  await page.locator('#token').press('Enter');
  await form.waitFor(waitOptions);
  await page.locator('#token').fill(token);
  await page.locator('#token').press('Enter');
  await page.locator('#connection', { hasText: 'Connected' }).waitFor(waitOptions);
  t.notOk(page.url().includes(token));
  t.notOk((await page.content()).includes(token));
  await page.reload();
  await page.locator('#connection', { hasText: 'Connected' }).waitFor(waitOptions);
  t.notOk(await form.isVisible());
  t.notOk(gateway.log().includes(token));
  t.ok(issues.every((issue) => issue.includes('401')));
});
