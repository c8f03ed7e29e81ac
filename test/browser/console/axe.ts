/** Runs axe-core in a page. Tests only. */
import axe from 'axe-core';
import type { Page } from 'playwright-core';

/** The violations found by axe-core, one line each. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found = await page.evaluate(() => (globalThis as unknown as { axe: typeof import('axe-core') }).axe.run());
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}
