/** Rendered clips have frames and their truth, and depend on the seed only. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';

const script = fileURLToPath(new URL('../../native-models/training/render_clips.py', import.meta.url));
/** The Python of `make test-deps` is on the PATH after the project's own Node. */
const hasPackages = spawnSync('python3', ['-c', 'import cv2, numpy, PIL']).status === 0;
const hasFonts = spawnSync('sh', ['-c', 'ls /usr/share/fonts/truetype/dejavu/*.ttf']).status === 0;

function render(folder: string, seed: number): string {
  const options = ['--clips', '1', '--seconds', '0.1', '--width', '640', '--height', '360', '--seed', String(seed)];
  execFileSync('python3', [script, '--output', folder, ...options]);
  return join(folder, String(seed).padStart(4, '0'));
}

function contentOf(folder: string): string[] {
  return readdirSync(folder).map((name) => `${name} ${readFileSync(join(folder, name)).toString('base64')}`);
}

test('a clip has frames and truth, and the same seed gives the same clip', {
  skip: hasPackages && hasFonts ? false : 'needs OpenCV, Pillow and fonts; make test-deps installs them',
}, async (t) => {
  const [first, second, other] = [
    render(t.testdir(), 3),
    render(join(t.testdirName, 'again'), 3),
    render(t.testdirName, 4),
  ];
  t.strictSame(readdirSync(first), ['000000.jpg', '000001.jpg', '000002.jpg', 'truth.jsonl']);
  t.strictSame(contentOf(first), contentOf(second));
  t.notSame(contentOf(first), contentOf(other));
  const lines = readFileSync(join(first, 'truth.jsonl'), 'utf8').trimEnd().split('\n');
  const [head, ...frames] = lines.map((line) => JSON.parse(line));
  t.strictSame(head, { seed: 3, fps: 30, width: 640, height: 360 });
  t.equal(frames.length, 3);
  const objects = frames[0].objects as { id: number; text: string; plate: number[] | null; visible: number }[];
  t.ok(objects.length > 0);
  for (const { id, text, plate, visible } of objects) {
    t.ok(id > 0 && text.length > 3 && visible >= 0 && visible <= 1, JSON.stringify({ id, text, visible }));
    const [x = 0, y = 0, w = 0, h = 0] = plate ?? [];
    t.ok(x >= 0 && y >= 0 && x + w <= 640.1 && y + h <= 360.1, 'inside the frame');
  }
});
