/** `framegate models` lists every model and how it is used, and `inspect` prints the details of one. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writer } from 'protobufjs/minimal.js';
import { type Test, test } from 'tap';
import { onnxSchema } from '../../bench/fuzz/onnx-cases.ts';
import { readMessage, writeMessage } from '../../bench/fuzz/protobuf.ts';
import { runCli } from '../support/gateway.ts';
import { onnxFixture } from '../support/onnx-fixtures.ts';
import { yoloFixtures } from '../support/yolo-fixtures.ts';

/** A models folder with a detector in a folder, a detector as a file, a recognizer, and a file that is not a detector. */
function modelsFolder(t: Test): string {
  const folder = t.testdir({ mine: { 'model.json': JSON.stringify({ names: ['x', 'y'] }) }, sub: {}, '.hidden': {} });
  copyFileSync(onnxFixture('boxes'), join(folder, 'mine/model.onnx'));
  copyFileSync(join(yoloFixtures, 'yolox.onnx'), join(folder, 'sub/yolox.onnx'));
  copyFileSync(onnxFixture('recognizer'), join(folder, 'reader.onnx'));
  copyFileSync(onnxFixture('double'), join(folder, 'double.onnx'));
  copyFileSync(onnxFixture('double'), join(folder, '.hidden/double.onnx'));
  return folder;
}

test('lists models with task, output format, input, classes, provider and speed', async (t) => {
  const { code, stdout, stderr } = await runCli(['models', '--models-dir', modelsFolder(t)]);
  t.equal(code, 0, stderr);
  const [head, ...lines] = stdout.trimEnd().split('\n');
  t.match(head, /^model +task +format +input +classes +provider +ms per run$/);
  t.equal(lines.length, 4, stdout);
  t.match(lines[0], /^double\.onnx +- +none +x \[1, n\] -> y \[1, n\] +- +cpu +\d+\.\d\d$/);
  t.match(lines[1], /^mine +detect +ultralytics +64x64 +2: x, y +cpu +\d+\.\d\d$/);
  t.match(lines[2], /^reader\.onnx +text-recognition +none +images \[.*\] -> probabilities \[.*\] +- +cpu +\d+\.\d\d$/);
  t.match(lines[3], /^sub\/yolox\.onnx +detect +yolox +160x96 +3, not named +cpu +\d+\.\d\d$/);
});

test('models --json prints an array', async (t) => {
  const { code, stdout } = await runCli(['models', '--json'], { MODELS_DIR: modelsFolder(t) });
  t.equal(code, 0);
  const list = JSON.parse(stdout) as { name: string; ms_per_run: number }[];
  t.same(
    list.map(({ name }) => name),
    ['double.onnx', 'mine', 'reader.onnx', 'sub/yolox.onnx'],
  );
  t.match(list[0], {
    tool: null,
    output_format: null,
    no_tool: /^input x is float32 \[1, n\]/,
    no_detector: /^input x/,
  });
  t.match(list[1], {
    output_format: 'ultralytics',
    head: 'ultralytics',
    classes: ['x', 'y'],
    provider: 'cpu',
    input: { width: 64, height: 64 },
  });
  t.match(list[3], { output_format: 'yolox', classes: [], input: { order: 'bgr', letterbox: 'top-left' } });
  for (const { name, ms_per_run } of list) t.ok(ms_per_run >= 0, name);
});

test('times a model with a uint8 input', async (t) => {
  const { stdout } = await runCli(['models', 'inspect', onnxFixture('pixels')]);
  t.match(stdout, /^input +images \[1, 64, 64, 3\] uint8$/m);
  t.match(stdout, /^time +\d\S* ms per run on one thread$/m);
});

test('decodes Python escapes in class names and removes terminal escapes', async (t) => {
  const metadataProps = 14 * 8 + 2;
  const entry = Writer.create().uint32(10).string('names').uint32(18);
  entry.string(`${String.raw`{0: 'caf\xe9', 1: '\x1b[31mred'}`}\x1b[2J`);
  const bytes = Writer.create().uint32(metadataProps).bytes(entry.finish()).finish();
  const path = join(t.testdir(), 'named.onnx');
  writeFileSync(path, Buffer.concat([readFileSync(onnxFixture('no-names')), bytes]));
  const { stdout, stderr } = await runCli(['models', 'inspect', path]);
  t.match(stdout, /^classes +2: café, {2}\[31mred$/m, stderr);
  t.notOk(stdout.includes('\x1b'));
  t.match(JSON.parse((await runCli(['models', 'inspect', '--json', path])).stdout), {
    classes: ['café', '\x1b[31mred'],
  });
});

test('inspect cuts long metadata, and --json has all of it', async (t) => {
  const metadataProps = 14 * 8 + 2;
  const description = 'x'.repeat(3000);
  const entry = Writer.create().uint32(10).string('description').uint32(18).string(description).finish();
  const path = join(t.testdir(), 'long.onnx');
  const bytes = Writer.create().uint32(metadataProps).bytes(entry).finish();
  writeFileSync(path, Buffer.concat([readFileSync(onnxFixture('no-names')), bytes]));
  t.match((await runCli(['models', 'inspect', path])).stdout, /^metadata +description: x{1999}…$/m);
  t.match(JSON.parse((await runCli(['models', 'inspect', '--json', path])).stdout), { metadata: { description } });
});

test('lists a file that cannot be loaded with the reason, and all others', async (t) => {
  const folder = modelsFolder(t);
  writeFileSync(join(folder, 'broken.onnx'), 'not a model');
  mkdirSync(join(folder, 'wrong'));
  copyFileSync(onnxFixture('boxes'), join(folder, 'wrong/model.onnx'));
  writeFileSync(join(folder, 'wrong/model.json'), '{"output_format":"yolov4"}');
  const { code, stdout } = await runCli(['models', '--models-dir', folder]);
  t.equal(code, 1);
  t.match(stdout, /^broken\.onnx +\S.+$/m);
  t.match(stdout, /^wrong +.*model\.json: output_format: Invalid option/m);
  t.match(stdout, /^mine +detect +ultralytics /m);
});

test('removes terminal escapes of files and file names from the list', async (t) => {
  const modelsDir = t.testdir();
  const fields = readMessage(readFileSync(onnxFixture('double')), onnxSchema);
  const graph = fields.find(({ number }) => number === 7);
  const input = graph?.kind === 'message' ? graph.fields.find(({ number }) => number === 11) : undefined;
  if (input?.kind !== 'message') throw new Error('the model has an input');
  input.fields[0] = { kind: 'bytes', number: 1, value: Buffer.from('\x1b[31m') };
  writeFileSync(join(modelsDir, 'unused-input.onnx'), writeMessage(fields));
  writeFileSync(join(modelsDir, '\x1b[2Jbroken.onnx'), 'no model');
  const { code, stdout } = await runCli(['models', '--models-dir', modelsDir]);
  t.equal(code, 1);
  t.match(stdout, /^ \[2Jbroken\.onnx /m);
  t.notOk(stdout.includes('\x1b'), stdout);
  t.equal(stdout.trimEnd().split('\n').length, 3, stdout);
});

test('reports an empty or missing models folder', async (t) => {
  const folder = t.testdir({});
  t.match(await runCli(['models', '--models-dir', folder]), { code: 0, stdout: 'no models\n' });
  const missing = await runCli(['models', '--models-dir', join(folder, 'absent')]);
  t.equal(missing.code, 2);
  t.match(missing.stderr, /^framegate: models folder .*absent: ENOENT/);
});

test('inspect prints a model’s details and a pipeline that the gateway accepts', async (t) => {
  const folder = modelsFolder(t);
  const { code, stdout } = await runCli(['models', 'inspect', join(folder, 'sub/yolox.onnx'), '--models-dir', folder]);
  t.equal(code, 0);
  t.match(stdout, /^producer +pytorch \S+, opset 11$/m);
  t.match(stdout, /^input +images \[1, 3, 96, 160\] float32$/m);
  t.match(stdout, /^output +output \[1, 315, 8\] float32$/m);
  t.match(stdout, /^format +yolox$/m);
  t.match(stdout, /^preprocess +160x96, BGR, 0-255, letterbox top-left$/m);
  t.match(stdout, /^time +\S+ ms per run on one thread$/m);
  const json = stdout.slice(stdout.indexOf('{'));
  t.match(stdout, /^Write this to pipelines\/yolox\.json:$/m);
  mkdirSync(join(folder, 'pipelines'));
  writeFileSync(join(folder, 'pipelines/yolox.json'), json);
  t.match(await runCli(['pipelines', '--models-dir', folder]), { code: 0, stdout: /^yolox: yolox$/m });
});

test('inspect names the tool for a task, and prints its pipeline', async (t) => {
  const { stdout } = await runCli(['models', 'inspect', join(yoloFixtures, 'v8-segment.onnx')]);
  t.match(stdout, /^tool +yolo\.segment$/m);
  t.match(stdout, /"tool_id": "segment"/);
});

test('inspect reports why no tool runs a file', async (t) => {
  const { code, stdout } = await runCli(['models', 'inspect', onnxFixture('not-a-detector')]);
  t.equal(code, 0);
  t.match(stdout, /^format +none: output output0 has shape \[1, 4, 7\]; for a 64x64 input, expected one of: /m);
  t.notMatch(stdout, /pipelines\//);
  const other = await runCli(['models', 'inspect', onnxFixture('recognizer')]);
  t.match(other.stdout, /^format +none: .*the task "text-recognition"; none of the yolo tools runs it$/m);
});

test('inspect accepts a file outside the models folder, with its model.json', async (t) => {
  const folder = modelsFolder(t);
  const { stdout } = await runCli(['models', 'inspect', join(folder, 'mine')]);
  t.match(stdout, /^classes +2: x, y$/m);
  t.match(stdout, /^metadata +imgsz: \[64, 64\]$/m);
  t.match(stdout, /^Copy mine into .* and write this to pipelines\/mine\.json:$/m);
  const { stdout: json } = await runCli(['models', 'inspect', join(folder, 'mine/model.onnx'), '--json']);
  t.match(JSON.parse(json), {
    name: 'mine',
    opset: 13,
    output_format: 'ultralytics',
    head: 'ultralytics',
    pipeline: { id: 'mine', nodes: [{ params: { model: 'mine' } }] },
  });
});

test('inspect rejects an invalid model file with one line', async (t) => {
  const folder = t.testdir({ 'broken.onnx': 'not a model', 'notes.txt': '' });
  for (const [file, reason] of [
    ['absent.onnx', /^framegate: model file .*absent\.onnx does not exist\n$/],
    ['notes.txt', /^framegate: .*notes\.txt is not an \.onnx file\n$/],
    ['broken.onnx', /^framegate: .+\n$/],
  ] as const) {
    t.match(await runCli(['models', 'inspect', join(folder, file)]), { code: 2, stdout: '', stderr: reason }, file);
  }
});

test('the help of both commands fits a screen', async (t) => {
  for (const command of [['models'], ['models', 'inspect']]) {
    const { code, stdout } = await runCli([...command, '--help']);
    t.equal(code, 0);
    t.match(stdout, /--json/);
    for (const line of stdout.split('\n')) t.ok(line.length <= 80, line);
  }
});
