/** Invalid or hostile files in the models folder: each is named in one line, and startup fails with exit code 2. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { onnxSchema } from '../../bench/fuzz/onnx-cases.ts';
import { numberField, readMessage, writeMessage } from '../../bench/fuzz/protobuf.ts';
import { runCli } from '../support/gateway.ts';
import { onnxFixture } from '../support/onnx-fixtures.ts';
import { makeModelsDir, pipelineFile, testNode } from '../support/temp-models.ts';

/** Far more than any of these needs on a busy machine; a start that blocks on a FIFO takes forever. */
const limitMs = 60_000;

/** A pipeline file may have this many nodes; these files have a hundred times as many. */
const manyNodes = Array.from({ length: 25_600 }, (_, index) => testNode(`n${index}`, 'plain'));

test('invalid and oversized pipeline files are reported together, one line each', async (t) => {
  const deep = `${'['.repeat(500_000)}${']'.repeat(500_000)}`;
  const plain = pipelineFile({ id: 'proto', nodes: [testNode('n', 'plain')] });
  const withProto = JSON.stringify(plain).replace(
    '"params":{}',
    '"params":{"__proto__":{"polluted":true}},"__proto__":7',
  );
  const MODELS_DIR = makeModelsDir(t, {
    tools: { plain: 'params: z.strictObject({}),' },
    pipelines: [{ id: 'many', nodes: manyNodes.slice(0, 10_000) }],
    files: {
      'pipelines/cut.json': '{"id":"cut","nodes":[',
      'pipelines/deep.json': deep,
      'pipelines/proto.json': withProto,
    },
  });
  const pipelines = join(MODELS_DIR, 'pipelines');
  execFileSync('mkfifo', [join(pipelines, 'fifo.json'), join(MODELS_DIR, 'tools/fifo.mjs')]);
  symlinkSync('loop.json', join(pipelines, 'loop.json'));
  mkdirSync(join(pipelines, 'folder.json'));
  writeFileSync(join(pipelines, 'huge.json'), ' '.repeat(100_000_000));
  const unread = await runCli(['pipelines'], { MODELS_DIR }, limitMs);
  t.equal(unread.code, 2);
  t.match(unread.stderr.trimEnd().split('\n'), [
    /fifo\.json: is not a regular file$/,
    /folder\.json: is a folder$/,
    /huge\.json: has 100000000 bytes; the limit is 1048576$/,
    /loop\.json: ELOOP: too many symbolic links/,
  ]);
  execFileSync('rm', ['-r', ...['fifo', 'folder', 'huge', 'loop'].map((name) => join(pipelines, `${name}.json`))]);
  const unfit = await runCli(['serve'], { MODELS_DIR, PORT: '0', LOG_LEVEL: 'fatal' }, limitMs);
  t.equal(unfit.code, 2);
  t.match(unfit.stderr.trimEnd().split('\n'), [
    /tools\/fifo\.mjs: is not a regular file$/,
    /cut\.json: is not JSON: /,
    /deep\.json: is nested more than 32 levels deep$/,
    /many\.json: nodes: Too big: expected array to have <=256 items$/,
  ]);
  for (const line of unfit.stderr.trimEnd().split('\n')) t.ok(line.length < 700, line);
});

/** `boxes.onnx` with another input size and more metadata. */
function modelWithSides(t: Test, height: bigint, width: bigint): string {
  const fields = readMessage(readFileSync(onnxFixture('boxes')), onnxSchema);
  const path = [7, 11, 2, 1, 2, 1];
  const sides = path.reduce(
    (found, number) =>
      found
        .flatMap((field) => (field.kind === 'message' ? field.fields : []))
        .filter((field) => field.number === number),
    [{ kind: 'message' as const, number: 0, fields }] as ReturnType<typeof readMessage>,
  );
  for (const [index, value] of [height, width].entries()) {
    const side = sides[index + 2];
    if (side?.kind === 'message') side.fields.splice(0, side.fields.length, numberField(1, value));
  }
  const file = join(t.testdir(), 'sized.onnx');
  writeFileSync(file, writeMessage(fields));
  return file;
}

test('a model whose input is larger than any image is reported, and allocates no memory', async (t) => {
  const { code, stdout, stderr } = await runCli(
    ['models', 'inspect', modelWithSides(t, 60_000n, 60_000n)],
    {},
    limitMs,
  );
  t.equal(code, 0, stderr);
  t.match(stdout, /^format +none: input size is \[60000, 60000\]; expected 1 to 16777216 pixels$/m);
  t.match(stdout, /^time +not measured: input \[1, 3, 60000, 60000\] is too large to run$/m);
});

test('an unusable model exits with code 2 and a line that names pipeline, node and model', async (t) => {
  const node = { id: 'detect', plugin_id: 'yolo', tool_id: 'detect_objects', params: { model: 'm.onnx' } };
  const MODELS_DIR = makeModelsDir(t, { pipelines: [{ id: 'p', nodes: [node] }] });
  const start = () => runCli(['serve'], { MODELS_DIR, PORT: '0', POOL_WORKERS: '1', LOG_LEVEL: 'fatal' }, limitMs);
  copyFileSync(modelWithSides(t, 60_000n, 60_000n), join(MODELS_DIR, 'm.onnx'));
  const sized = await start();
  t.match(sized, {
    code: 2,
    stderr: /^framegate: pipeline "p": node "detect": model "m\.onnx": input size is \[60000, /,
  });
  t.equal(sized.stderr.trimEnd().split('\n').length, 1);
  const whole = readFileSync(onnxFixture('boxes'));
  writeFileSync(join(MODELS_DIR, 'm.onnx'), whole.subarray(0, whole.length / 2));
  const cut = await start();
  t.match(cut, {
    code: 2,
    stderr: /^framegate: pipeline "p": node "detect": model "m\.onnx" cannot be loaded \(cpu: /,
  });
  t.equal(cut.stderr.trimEnd().split('\n').length, 1, cut.stderr);
});
