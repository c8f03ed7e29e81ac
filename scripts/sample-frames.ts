/** `npm run sample-frames`: renders the frames that `framegate bench` and `framegate send --sample` send. Their scenes are drawn in test/support. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { plateTexts, renderFrames } from '../test/support/samples/street-frames.ts';

const folder = fileURLToPath(new URL('../src/sample-frames/', import.meta.url));

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
for (const [index, frame] of renderFrames().entries()) {
  writeFileSync(`${folder}${plateTexts[index]}.jpg`, frame);
  process.stdout.write(`${plateTexts[index]}.jpg ${Math.round(frame.length / 1024)} KB\n`);
}
