/** Takes the screenshots for the docs: `npm run screenshots`. Requires Chromium, and ffmpeg for compression. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
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

/** Time in which some cars have passed the zones. */
const sceneSettledMs = 15_000;

/** The zones of the sample scene: the left lane, and a line across the right one. */
const zones = [
  {
    ...{ name: 'left lane', dwell_ms: 2000 },
    area: [
      [0.04, 0.5],
      [0.49, 0.44],
      [0.53, 0.95],
      [0.04, 0.95],
    ],
  },
  {
    name: 'gate',
    line: [
      [0.72, 0.35],
      [0.72, 0.95],
    ],
  },
];

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

/** The shipped models with a pipeline that follows plates, reads each, and watches zones. */
function sceneModels(): string {
  const models = join(work, 'models');
  mkdirSync(join(models, 'pipelines'), { recursive: true });
  for (const name of readdirSync(shippedModels)) {
    if (name.startsWith('plate-')) symlinkSync(join(shippedModels, name), join(models, name));
  }
  const nodes = [
    {
      id: 'detect',
      plugin_id: 'yolo',
      tool_id: 'detect_objects',
      params: { model: 'plate-yolo', score_threshold: 0.1 },
    },
    { id: 'track', plugin_id: 'track', tool_id: 'objects' },
    { id: 'read', plugin_id: 'ocr', tool_id: 'extract_text', params: { model: 'plate-reader', votes: {} } },
    { id: 'zones', plugin_id: 'scene', tool_id: 'zones', params: { zones } },
  ];
  const edges = [
    ['detect', 'track'],
    ['track', 'read'],
    ['track', 'zones'],
    ['read', 'zones'],
  ].map(([from_node, to_node]) => ({ from_node, to_node }));
  const description = 'Follows license plates, reads each, and reports where they go.';
  const pipeline = {
    id: 'street',
    name: 'Street',
    description,
    nodes,
    edges,
    entry_nodes: ['detect'],
    output_nodes: ['zones'],
  };
  writeFileSync(join(models, 'pipelines', 'street.json'), JSON.stringify(pipeline));
  return models;
}

/** Tracks, zones and events; and the editor of the zones with a new area. */
async function showScene(): Promise<void> {
  const street = await startGateway({ MODELS_DIR: sceneModels(), POOL_WORKERS: '1' });
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: 'light' });
  await page.goto(street.httpUrl);
  await page.waitForTimeout(sceneSettledMs);
  await save(page, 'console-scene');
  const editor = await browser.newPage({ viewport: { width: 900, height: 980 }, colorScheme: 'dark' });
  await editor.goto(street.httpUrl);
  await editor.getByRole('button', { name: 'Edit zones' }).click();
  await editor.getByRole('button', { name: 'Draw area' }).click();
  const box = await editor.locator('#zones').boundingBox();
  if (box === null) throw new Error('no picture');
  for (const [x, y] of [
    [0.56, 0.5],
    [0.9, 0.62],
    [0.92, 0.93],
    [0.6, 0.93],
    [0.56, 0.5],
  ] as const) {
    await editor.mouse.click(box.x + x * box.width, box.y + y * box.height);
  }
  await editor.waitForTimeout(sceneSettledMs / 3);
  await save(editor, 'console-zones');
  await street.stop();
}

try {
  await showCameras();
  await showScene();
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
