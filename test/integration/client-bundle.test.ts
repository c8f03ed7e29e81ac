/** The browser bundle of the client: small and without Node code, and the package's exports of it. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import tap, { type Test, test } from 'tap';
import { startGateway } from '../support/gateway.ts';
import { hostNode } from '../support/host-node.ts';
import { installPackage, needsDist } from '../support/installed-package.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const maxBytes = 4608;

const gateway = await startGateway({ POOL_WORKERS: '1' });
tap.teardown(() => gateway.kill());

/** Bundles for browsers, where no imports may remain. */
function bundle(entry: string) {
  const target = { format: 'esm', platform: 'browser', target: 'es2022', outfile: 'client.js' } as const;
  const output = { bundle: true, minify: true, write: false, metafile: true, logLevel: 'silent' } as const;
  return build({ entryPoints: [entry], absWorkingDir: root, ...target, ...output });
}

test(`the whole client is below ${maxBytes} bytes, minified and gzipped`, async (t) => {
  const { outputFiles } = await bundle('src/client/index.ts');
  const bytes = gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length;
  t.comment(`${bytes} bytes`);
  t.ok(bytes > 1000 && bytes < maxBytes, `${bytes} bytes`);
});

/** The bundle's inputs other than the client and the contract. */
async function unexpectedInputs(entry: string): Promise<string[]> {
  const { metafile } = await bundle(entry);
  const allowed = /^src\/(client\/[a-z-]+|protocol|errors)\.ts$/;
  const imports = metafile.outputs['client.js']?.imports.map(({ path }) => path) ?? ['nothing was built'];
  return [...imports, ...Object.keys(metafile.inputs).filter((path) => !allowed.test(path))];
}

test('the bundle imports nothing and contains only the client and the contract', async (t) => {
  t.strictSame(await unexpectedInputs('src/client/index.ts'), []);
  t.not((await unexpectedInputs('src/client/node.ts')).length, 0, 'ws would be detected');
});

/** Sends two frames and prints the outcomes. */
const script = (specifier: string) => `
import { connect } from ${JSON.stringify(specifier)};
import { readFileSync } from 'node:fs';

const stream = connect({ url: process.argv[2], pipeline: 'echo' });
const types = [];
for (let i = 0; i < 2; i++) {
  await stream.ready();
  types.push((await stream.send(readFileSync(process.argv[3])).reply).type);
}
stream.close();
console.log(types.join(' '), typeof WebSocket);
`;

/** Runs the script in a folder with `framegate` installed and these `files`. */
async function runScript(
  t: Test,
  specifier: string,
  node: string,
  options: string[] = [],
  files: [string, string][] = [],
) {
  const folder = t.testdir();
  installPackage(folder);
  for (const [name, text] of files) writeFileSync(join(folder, name), text);
  writeFileSync(join(folder, 'script.mjs'), script(specifier));
  writeFileSync(join(folder, 'frame.jpg'), encodeGradient(64, 48));
  const args = [...options, join(folder, 'script.mjs'), gateway.httpUrl, join(folder, 'frame.jpg')];
  return (await run(node, args, { cwd: folder })).stdout.trim();
}

test('the bundle works with a global WebSocket, as in Node 22', async (t) => {
  const { outputFiles } = await bundle('src/client/index.ts');
  const text = outputFiles[0]?.text ?? '';
  t.equal(await runScript(t, './client.mjs', process.execPath, [], [['client.mjs', text]]), 'result result function');
});

test('framegate/client in a Node without a built-in WebSocket', needsDist, async (t) => {
  const without = ['--no-experimental-websocket'];
  t.equal(await runScript(t, 'framegate/client', process.execPath, without), 'result result undefined');
});

test("framegate/client in the machine's own Node", needsDist, async (t) => {
  t.match(await runScript(t, 'framegate/client', hostNode()), /^result result /);
});

test('a bundler resolves framegate/client to the browser version', needsDist, async (t) => {
  const folder = t.testdir({
    'page.js': "import { streamCamera } from 'framegate/client'; console.log(streamCamera);",
  });
  installPackage(folder);
  const { metafile } = await bundle(join(folder, 'page.js'));
  t.strictSame(metafile.outputs['client.js']?.imports, []);
});

test('every exported path exists', needsDist, async (t) => {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { exports: unknown };
  const paths = [...JSON.stringify(exports).matchAll(/"(\.\/[^"]+\.(?:js|d\.ts|json))"/g)].map(
    ([, path]) => path as string,
  );
  t.ok(paths.length >= 4);
  for (const path of paths) t.ok(existsSync(join(root, path)), path);
});
