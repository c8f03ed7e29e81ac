/** The command line: help texts, `pipelines`, and invalid commands. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { fixtureModels, runCli, shippedModels } from '../support/gateway.ts';

test('--help lists every command and mentions environment variables', async (t) => {
  const { code, stdout, stderr } = await runCli(['--help']);
  t.equal(code, 0);
  t.equal(stderr, '');
  t.match(stdout, /^Usage: framegate \[options\] \[command\]/);
  for (const command of ['serve', 'send', 'bench', 'pipelines']) t.match(stdout, new RegExp(`^  ${command} `, 'm'));
  t.match(stdout, /environment variable/);
});

for (const [command, flags] of [
  ['serve', ['--host', '--port', '--workers', '--models-dir']],
  ['send', ['--pipeline', '--url', '--fps']],
  ['bench', ['--pipeline', '--url', '--cameras', '--fps', '--duration', '--phase', '--adaptive', '--frames', '--json']],
  ['pipelines', ['--models-dir', '--json']],
] as const) {
  test(`${command} --help explains each flag in lines that fit a screen`, async (t) => {
    const { code, stdout } = await runCli([command, '--help']);
    t.equal(code, 0);
    t.match(stdout, new RegExp(`^Usage: framegate ${command} `));
    for (const flag of flags) t.match(stdout, new RegExp(`${flag}\\b.*\\S`), flag);
    for (const line of stdout.split('\n')) t.ok(line.length <= 80, line);
  });
}

test('--version prints the package version', async (t) => {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { code, stdout } = await runCli(['--version']);
  t.equal(code, 0);
  t.equal(stdout.trim(), (JSON.parse(manifest) as { version: string }).version);
});

for (const args of [['srve'], ['serve', '--prot', '1'], []]) {
  test(`"framegate ${args.join(' ')}" shows the help and fails`, async (t) => {
    const { code, stderr } = await runCli(args);
    t.equal(code, 2);
    t.match(stderr, /Usage: framegate/);
    t.notMatch(stderr, /^\s+at /m, 'no stack trace');
  });
}

test('pipelines lists each pipeline with name, description and steps', async (t) => {
  const { code, stdout } = await runCli(['pipelines', '--models-dir', fixtureModels]);
  t.equal(code, 0);
  t.match(stdout, /^echo: echo\n {2}Answers at once\.\n {2}only \(test\.sleep\)$/m);
});

test('pipelines --json prints a JSON array', async (t) => {
  const { code, stdout } = await runCli(['pipelines', '--json'], { MODELS_DIR: fixtureModels });
  t.equal(code, 0);
  const list = JSON.parse(stdout) as { id: string }[];
  t.strictSame(
    list.find(({ id }) => id === 'echo'),
    { id: 'echo', name: 'echo', description: 'Answers at once.' },
  );
});

test('pipelines without a folder lists the included ones', async (t) => {
  const { code, stdout, stderr } = await runCli(['pipelines', '--json']);
  t.equal(code, 0, stderr);
  const ids = (JSON.parse(stdout) as { id: string }[]).map(({ id }) => id);
  for (const id of ids) t.ok(existsSync(join(shippedModels, 'pipelines', `${id}.json`)), id);
  for (const id of ['document_ocr', 'ocr_only', 'yolo', 'yolo_ocr']) t.ok(ids.includes(id), id);
});

test('pipelines with an empty folder fails with one line and exit code 2', async (t) => {
  const { code, stdout, stderr } = await runCli(['pipelines', '--models-dir', '/no/such/folder']);
  t.equal(code, 2);
  t.equal(stdout, '');
  t.match(stderr, /^framegate: \/no\/such\/folder\/pipelines has no pipeline files \(\*\.json\)\n$/);
});
