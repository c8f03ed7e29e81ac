/** Takes the screenshots for the docs: `npm run screenshots`. Requires Chromium, and ffmpeg for compression. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Page } from 'playwright-core';
import { findChromium } from '../../support/browser.ts';
import { shippedModels, startGateway } from '../../support/gateway.ts';
import { encodeGradient } from '../../support/jpeg-bytes.ts';
import { StreamClient } from '../../support/stream-client.ts';

const folder = fileURLToPath(new URL('../../../docs/images', import.meta.url));
/** A reduced palette keeps text sharp; dithering keeps the sky smooth. */
const fewColors = 'split[a][b];[a]palettegen=max_colors=256:stats_mode=full[p];[b][p]paletteuse=dither=sierra2_4a';
/** Enough time for some recognized texts and a filled chart. */
const settledMs = 22_000;
const msPerSecond = 1000;

/** The page Cameras needs a moment to fill its small charts, and to notice what is wrong. */
const camerasSettledMs = 34_000;

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
/** Saves a page with fewer colors. */
async function save(page: Page, name: string): Promise<void> {
  const raw = join(work, `${name}.png`);
  const small = join(folder, `${name}.png`);
  await page.screenshot({ path: raw });
  await page.close();
  const compress = ['-loglevel', 'error', '-y', '-i', raw, '-vf', fewColors, '-compression_level', '100', small];
  execFileSync('ffmpeg', compress);
  process.stdout.write(`${small} ${Math.round(statSync(small).size / 1024)} KB\n`);
}

/** A gateway with nine cameras, of which some have a problem. */
async function showCameras(): Promise<void> {
  const busy = await startGateway();
  const frame = encodeGradient(64, 48);
  const cameras = Array.from({ length: 8 }, (_, index) => ({
    name: `gate-${index + 1}`,
    fps: 5 + index,
    stream: 'echo',
  }));
  for (const { name, fps, stream } of [...cameras, { name: 'pages', fps: 25, stream: 'slow' }]) {
    const client = await StreamClient.open(`${busy.streamUrl(stream)}&camera=${name}`);
    const timer = setInterval(() => client.send(frame), msPerSecond / fps);
    client.socket.once('close', () => clearInterval(timer));
    if (name === 'gate-2') client.socket.pause();
    if (name === 'gate-5') setTimeout(() => client.send(new Uint8Array(10)), camerasSettledMs / 2);
    if (name === 'gate-7') setTimeout(() => clearInterval(timer), camerasSettledMs / 2);
  }
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme: 'light' });
  await page.goto(`${busy.httpUrl}/cameras`);
  await page.waitForTimeout(camerasSettledMs);
  await save(page, 'console-cameras');
  await busy.kill();
}

try {
  await showCameras();
  for (const { name, ...context } of scenes) {
    const page = await browser.newPage(context);
    await page.goto(gateway.httpUrl);
    await page.waitForTimeout(settledMs);
    await save(page, name);
  }
} finally {
  await browser.close();
  await gateway.stop();
  rmSync(work, { recursive: true });
}
