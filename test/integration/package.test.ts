/** The npm package: what `npm pack` puts in it, and what a project that has it installed can import and type-check. */
import { execFile } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import tap, { type Test, test } from 'tap';
import { needsDist } from '../support/installed-package.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

/** Unpacks the tarball that `npm pack` makes of the current build. @returns the folder with its content. */
async function unpack(folder: string): Promise<string> {
  const { stdout } = await run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], {
    cwd: root,
  });
  const installed = join(folder, 'node_modules/framegate');
  mkdirSync(installed, { recursive: true });
  await run('tar', ['-xzf', join(folder, stdout.trim()), '-C', installed, '--strip-components=1']);
  return installed;
}

/** Links the checkout's packages next to the unpacked one, as an installer would put them there. */
function linkPackages(folder: string): void {
  for (const name of readdirSync(join(root, 'node_modules'))) {
    // Their types would be loaded into every program, and a user may not have them.
    if (name.startsWith('.') || name === '@types') continue;
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  }
}

// Without this file, the name `framegate` would mean the checkout, which the folder is in.
const folder = tap.testdir({ 'package.json': '{"private":true}' });
const installed = needsDist.skip === undefined ? await unpack(folder) : '';
const names =
  installed === '' ? [] : globSync('**/*', { cwd: installed }).filter((name) => /\.\w+$|LICENSE|Dockerfile/.test(name));
if (installed !== '') linkPackages(folder);

test('the package has what a user needs, and nothing of the development', needsDist, async (t) => {
  for (const name of [
    'dist/launch.js',
    'dist/web/index.html',
    'dist/web/main.js',
    'dist/web/main.css',
    'dist/sample-frames/AB123CD.jpg',
    'dist/client/index.d.ts',
    'dist/tools/tool.d.ts',
    'dist/protocol.d.ts',
    'native-models/pipelines/yolo_ocr.json',
    'native-models/plate-yolo/model.onnx',
    'docs/examples/car.jpg',
    'deploy/prometheus/alerts.yml',
    'deploy/grafana/framegate.json',
    'deploy/grafana/provisioning/datasources/prometheus.yml',
    'deploy/systemd/framegate.service',
    'deploy/systemd/framegate-camera.service',
    'deploy/docker/Dockerfile',
    'deploy/docker/healthcheck.mjs',
    'deploy/docker/compose.yml',
    'docs/getting-started/install.md',
    'clients/python/framegate_client/sync.py',
    'README.md',
    'CHANGELOG.md',
    'LICENSE',
  ])
    t.ok(names.includes(name), name);
  const unwanted =
    /^(src|test|bench|native-models\/training|docs\/plots|clients\/python\/tests)\/|\.(map|png|pyc|tgz)$/;
  t.strictSame(
    names.filter((name) => unwanted.test(name)),
    [],
  );
});

/** Links that only a checkout has: images, and pages about its development. */
const checkoutOnly = /\.(png|svg|jpg)$|\/(bench|training|src|test)\//;

test('every page in the package links to files in the package', needsDist, async (t) => {
  const pages = names.filter((name) => name.endsWith('.md'));
  const broken: string[] = [];
  t.ok(pages.length > 20);
  for (const page of pages) {
    const text = readFileSync(join(installed, page), 'utf8');
    for (const [, target = ''] of text.matchAll(/\]\((?!https?:|#)([^)\s#]+)/g)) {
      const path = join(dirname(page), target);
      if (!checkoutOnly.test(`/${path}`) && !existsSync(join(installed, path))) broken.push(`${page}: ${target}`);
    }
  }
  t.strictSame(broken, []);
});

const program = `
import { connect } from 'framegate/client';
import { goingAwayCloseCode } from 'framegate/protocol';
import { defineTool } from 'framegate/tool';
console.log(typeof connect, goingAwayCloseCode, typeof defineTool);
`;

test('the exports can be imported', needsDist, async (t) => {
  writeFileSync(join(folder, 'program.mjs'), program);
  const { stdout } = await run(process.execPath, [join(folder, 'program.mjs')]);
  t.equal(stdout.trim(), 'function 1001 function');
});

test('the command of the package runs', needsDist, async (t) => {
  const launch = join(installed, 'dist/launch.js');
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  t.equal((await run(process.execPath, [launch, '--version'])).stdout.trim(), version);
  t.match((await run(process.execPath, [launch, 'pipelines'], { cwd: folder })).stdout, /^yolo_ocr: /m);
});

const typed = `
import { connect, type Frame } from 'framegate/client';
import type { ServerMessage } from 'framegate/protocol';
import { defineTool, type Tool } from 'framegate/tool';

export const stream = connect({ url: 'ws://127.0.0.1:8000', pipeline: 'yolo_ocr' });
export const isResult = (message: ServerMessage, tool: Tool, frame: Frame) => ['result' in message, tool.toolId, frame];
export const define = defineTool;
// @ts-expect-error A tool needs more than an id.
export const incomplete: Tool = { toolId: 'watch' };
`;

/** Type-checks the program. @returns the files that the compiler read. */
async function check(t: Test, module: string, moduleResolution: string): Promise<string[]> {
  writeFileSync(join(folder, 'typed.mts'), typed);
  const lib = ['es2022', 'dom'];
  // Checking the declarations themselves, zod's among them, takes most of the time, and once is enough.
  const skipLibCheck = moduleResolution === 'bundler';
  const flags = { noEmit: true, strict: true, listFiles: true, target: 'es2022', lib, types: [] };
  const compilerOptions = { ...flags, skipLibCheck, module, moduleResolution };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['typed.mts'] }));
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const { stdout, failed } = await run(process.execPath, [compiler, '-p', folder]).then(
    (done) => ({ ...done, failed: false }),
    (error: { stdout: string }) => ({ ...error, failed: true }),
  );
  t.notOk(failed, stdout.slice(0, 500));
  return stdout.split('\n').filter((line) => line !== '');
}

for (const [module, resolution] of [
  ['nodenext', 'nodenext'],
  ['esnext', 'bundler'],
] as const) {
  test(`the exports type-check with ${resolution}`, needsDist, async (t) => {
    const files = await check(t, module, resolution);
    t.ok(files.some((file) => file.endsWith('node_modules/framegate/dist/tools/tool.d.ts')));
    t.notOk(
      files.some((file) => /onnxruntime|@types/.test(file)),
      'the types bring in no runtime',
    );
  });
}
