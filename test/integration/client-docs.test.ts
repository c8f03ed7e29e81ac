/** Runs the snippets that send one image, from docs/guides/node.md and clients/python/README.md, unchanged. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Test, test } from 'tap';
import { shippedModels, startGateway } from '../support/gateway.ts';
import { hostNode } from '../support/host-node.ts';
import { installPackage, needsDist } from '../support/installed-package.ts';
import { replaceIn, snippetsOf } from '../support/page-snippets.ts';
import { renderPlateScene } from '../support/samples/render-plate.ts';
import { encodeJpeg } from '../support/samples/render-text.ts';

const run = promisify(execFile);
const python = process.env['PYTHON'] ?? 'python3';
const pythonClient = fileURLToPath(new URL('../../clients/python', import.meta.url));
const pythonCheck = 'import sys, websockets.asyncio.client; sys.exit(sys.version_info < (3, 11))';
const needsPython = await run(python, ['-c', pythonCheck]).then(
  () => ({}),
  () => ({ skip: `${python} is older than 3.11 or has no websockets` }),
);

/** Creates a folder with `car.jpg`, and starts a gateway for the snippet to connect to. */
async function prepare(t: Test): Promise<{ folder: string; url: string }> {
  const gateway = await startGateway({ MODELS_DIR: shippedModels, POOL_WORKERS: '1' });
  t.teardown(() => gateway.kill());
  const folder = t.testdir();
  const scene = { width: 640, height: 480, text: 'AB123CD', plate: { x: 220, y: 290, w: 190 } } as const;
  writeFileSync(join(folder, 'car.jpg'), encodeJpeg(renderPlateScene(scene)));
  return { folder, url: gateway.httpUrl };
}

test('the Node.js snippet finds a plate', needsDist, async (t) => {
  const { folder, url } = await prepare(t);
  installPackage(folder);
  const code = snippetsOf('docs/guides/node.md', 'js').find((snippet) => snippet.includes('readFileSync')) ?? '';
  writeFileSync(join(folder, 'send.mjs'), replaceIn(code, 'ws://127.0.0.1:8000', url));
  const { stdout } = await run(hostNode(), ['send.mjs'], { cwd: folder });
  t.match(stdout, /^result \{/);
  t.match(stdout, /detections: \[/);
});

test('the Python snippet finds a plate', needsPython, async (t) => {
  const { folder, url } = await prepare(t);
  const [code = ''] = snippetsOf('clients/python/README.md', 'python');
  writeFileSync(join(folder, 'send.py'), replaceIn(code, 'ws://127.0.0.1:8000', url));
  const env = { ...process.env, PYTHONPATH: pythonClient, PYTHONDONTWRITEBYTECODE: '1' };
  const { stdout } = await run(python, ['send.py'], { cwd: folder, env });
  t.match(stdout, /^Result\(/);
  t.match(stdout, /'detections': \[\{/);
});
