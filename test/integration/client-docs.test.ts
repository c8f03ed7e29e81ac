/** The snippet for Node in docs/reference/client-api.md, run as it stands there with the package as it is built. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { test } from 'tap';
import { renderPlateScene } from '../../src/samples/render-plate.ts';
import { encodeJpeg } from '../../src/samples/render-text.ts';
import { shippedModels, startGateway } from '../support/gateway.ts';
import { hostNode } from '../support/host-node.ts';
import { installPackage, needsDist } from '../support/installed-package.ts';
import { replaceIn, snippetsOf } from '../support/page-snippets.ts';

test('the lines for Node read a plate', needsDist, async (t) => {
  const gateway = await startGateway({ MODELS_DIR: shippedModels, POOL_WORKERS: '1' });
  t.teardown(() => gateway.kill());
  const folder = t.testdir();
  installPackage(folder);
  const code =
    snippetsOf('docs/reference/client-api.md', 'js').find((snippet) => snippet.includes('readFileSync')) ?? '';
  writeFileSync(join(folder, 'send.mjs'), replaceIn(code, 'ws://127.0.0.1:8000', gateway.httpUrl));
  const scene = { width: 640, height: 480, text: 'AB123CD', plate: { x: 220, y: 290, w: 190 } } as const;
  writeFileSync(join(folder, 'car.jpg'), encodeJpeg(renderPlateScene(scene)));
  const { stdout } = await promisify(execFile)(hostNode(), ['send.mjs'], { cwd: folder });
  t.match(stdout, /^result \{/);
  t.match(stdout, /detections: \[/);
});
