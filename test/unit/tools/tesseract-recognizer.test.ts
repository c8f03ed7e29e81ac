/** Tesseract recognizes drawn text and leaves no thread, file or stderr output behind. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tap, { type Test, test } from 'tap';
import { imageBinarize } from '../../../src/tools/image-binarize.ts';
import { TesseractRecognizer } from '../../../src/tools/tesseract-recognizer.ts';
import { createCanvas } from '../../support/samples/canvas.ts';
import { drawText } from '../../support/samples/draw-text.ts';
import { renderPage, toGray } from '../../support/samples/render-text.ts';
import { toolContext } from '../../support/tool-context.ts';

const recognizer = await TesseractRecognizer.create();
tap.teardown(() => recognizer.close());

const lines = ['INVOICE 2024 07', 'TOTAL 1284.50', 'PAID BY CARD', 'THANK YOU'];

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly files: readonly string[];
}

/** Runs a module in a separate process, in an empty folder, until it exits by itself. */
async function runAlone(t: Test, source: string): Promise<Ended> {
  const folder = mkdtempSync(join(tmpdir(), 'framegate-tesseract-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const cwd = join(folder, 'empty');
  mkdirSync(cwd);
  const url = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
  const imports = [
    `import { TesseractRecognizer } from ${url('../../../src/tools/tesseract-recognizer.ts')};`,
    `import { renderPage } from ${url('../../support/samples/render-text.ts')};`,
  ];
  const script = join(folder, 'script.mjs');
  writeFileSync(script, [...imports, source].join('\n'));
  const child = spawn(process.execPath, [script], { cwd, env: { PATH: process.env['PATH'] } });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text;
    });
  }
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, ...output, files: readdirSync(cwd) };
}

test('recognizes a page exactly, with a box per line', async (t) => {
  const page = renderPage(lines, { width: 480, height: 320, size: 24 });
  const { text, score, lines: found } = await recognizer.recognizePage(page);
  t.equal(text, lines.join('\n'));
  t.ok(score > 0.8 && score <= 1, `score ${score}`);
  t.same(
    found.map((line) => line.text),
    lines,
  );
  for (const [i, { x, y, w, h, label, score, text_score }] of found.entries()) {
    const top = 36 + i * 2.2 * 24;
    t.ok(Math.abs(x - 36) < 6 && Math.abs(y - top) < 6 && Math.abs(h - 24) < 8 && w > 150, `${[x, y, w, h]}`);
    t.ok(label === 'line' && score > 0.8 && score <= 1 && text_score === score);
  }
  t.equal((await recognizer.recognizePage(toGray(page))).text, text, 'a grayscale page has the same text');
});

test('recognizes one of several lines, before and after a page', async (t) => {
  const canvas = createCanvas(320, 160, [236, 234, 228]);
  for (const [i, word] of ['CAMERA', 'MIDDLE', 'TRUCK'].entries()) {
    drawText(canvas, word, { x: 40, y: 20 + 50 * i, size: 26 });
  }
  const middle = { x: 28.6, y: 60.3, w: 170.2, h: 46.5 };
  t.equal((await recognizer.recognizeLine(canvas, middle)).text, 'MIDDLE');
  t.equal((await recognizer.recognizePage(canvas)).text.replaceAll(/\n+/g, ' '), 'CAMERA MIDDLE TRUCK');
  t.equal((await recognizer.recognizeLine(canvas, middle)).text, 'MIDDLE');
});

test('deskews a tilted page and returns its lines in image coordinates', async (t) => {
  for (const angle of [4, -4]) {
    const page = renderPage(lines, { width: 640, height: 480, size: 24, angle, margin: 120 });
    const { text, lines: found } = await recognizer.recognizePage(page);
    t.equal(text, lines.join('\n'), `${angle}°`);
    const [first] = found;
    const [topLeft = [0, 0], topRight = [0, 0]] = first?.quad ?? [];
    t.ok(Math.hypot(topLeft[0] - 120, topLeft[1] - 120) < 8, `${angle}°: the first starts at ${topLeft}`);
    const tilt = (Math.atan2(topRight[1] - topLeft[1], topRight[0] - topLeft[0]) * 180) / Math.PI;
    t.ok(Math.abs(tilt - angle) < 1, `${angle}°: tilted by ${tilt}°`);
    const { x = 0, y = 0, w = 0, h = 0 } = first ?? {};
    for (const [cornerX, cornerY] of first?.quad ?? []) {
      t.ok(
        cornerX >= x && cornerX <= x + w + 1e-6 && cornerY >= y && cornerY <= y + h + 1e-6,
        'inside its upright box',
      );
    }
  }
});

test('recognizes a badly lit page exactly only after binarization', async (t) => {
  const page = renderPage(lines, { width: 640, height: 480, size: 26, shadow: 0.9, noise: 12 });
  const binarize = await imageBinarize.create(imageBinarize.params.parse({}), toolContext(t));
  const { image = page } = await binarize.run({ image: page });
  t.equal((await recognizer.recognizePage(image)).text, lines.join('\n'));
  t.not((await recognizer.recognizePage(page)).text, lines.join('\n'));
});

test('blank paper has no text', async (t) => {
  const { text, lines: found } = await recognizer.recognizePage(createCanvas(200, 100, [236, 234, 228]));
  t.same({ text, found }, { text: '', found: [] });
});

test('a process exits after close, without files or output left behind', async (t) => {
  const ended = await runAlone(
    t,
    `const recognizer = await TesseractRecognizer.create();
     const page = renderPage(${JSON.stringify(lines)}, { width: 480, height: 320, size: 24 });
     const { text } = await recognizer.recognizePage(page);
     console.log(JSON.stringify({ text, line: await recognizer.recognizeLine(page, { x: 20, y: 28, w: 320, h: 42 }) }));
     await recognizer.close();`,
  );
  t.same([ended.code, ended.stderr, ended.files], [0, '', []]);
  t.match(JSON.parse(ended.stdout), { text: lines.join('\n'), line: { text: lines[0] } });
});

test('accepts images too small for text without printing to stderr', async (t) => {
  const ended = await runAlone(
    t,
    `const recognizer = await TesseractRecognizer.create();
     const page = renderPage(['A'], { width: 60, height: 60, size: 24 });
     for (const [w, h] of [[1, 1], [1, 40], [40, 1], [2, 2]]) {
       await recognizer.recognizeLine(page, { x: 10, y: 10, w, h });
       await recognizer.recognizePage({ width: w, height: h, channels: 1, data: new Uint8Array(w * h).fill(200) });
     }
     await recognizer.close();`,
  );
  t.same(ended, { code: 0, stdout: '', stderr: '', files: [] });
});
