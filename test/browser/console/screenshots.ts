/** Takes the screenshots for the docs: `npm run screenshots`. Requires Chromium, and ffmpeg for compression. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { findChromium } from '../../support/browser.ts';
import { shippedModels, startGateway } from '../../support/gateway.ts';

const folder = fileURLToPath(new URL('../../../docs/images', import.meta.url));
/** A reduced palette keeps text sharp; dithering keeps the sky smooth. */
const fewColors = 'split[a][b];[a]palettegen=max_colors=256:stats_mode=full[p];[b][p]paletteuse=dither=sierra2_4a';
/** Enough time for some recognized texts and a filled chart. */
const settledMs = 22_000;

const scenes = [
  { name: 'console-desktop', viewport: { width: 1440, height: 1090 }, deviceScaleFactor: 1, colorScheme: 'light' },
  { name: 'console-phone', viewport: { width: 360, height: 800 }, deviceScaleFactor: 2, colorScheme: 'dark' },
] as const;

mkdirSync(folder, { recursive: true });
const work = mkdtempSync(join(tmpdir(), 'framegate-screenshots-'));
const gateway = await startGateway({ MODELS_DIR: shippedModels, POOL_WORKERS: '1' });
const browser = await chromium.launch({
  executablePath: findChromium() ?? '',
  args: ['--no-sandbox', '--disable-gpu'],
});
try {
  for (const { name, ...context } of scenes) {
    const page = await browser.newPage(context);
    await page.goto(gateway.httpUrl);
    await page.waitForTimeout(settledMs);
    const raw = join(work, `${name}.png`);
    const small = join(folder, `${name}.png`);
    await page.screenshot({ path: raw });
    await page.close();
    execFileSync('ffmpeg', [
      '-loglevel',
      'error',
      '-y',
      '-i',
      raw,
      '-vf',
      fewColors,
      '-compression_level',
      '100',
      small,
    ]);
    process.stdout.write(`${small} ${Math.round(statSync(small).size / 1024)} KB\n`);
  }
} finally {
  await browser.close();
  await gateway.stop();
  rmSync(work, { recursive: true });
}
