/** `framegate models batch` writes a model only if it gives the same results, and otherwise says in one line what to do. */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { readGraph } from '../../../src/models/onnx-file/graph.ts';
import { messageField, numberField, textField } from '../../../src/models/onnx-file/protobuf.ts';
import { runCli } from '../../support/gateway.ts';
import { onnxFixture } from '../../support/onnx-fixtures.ts';
import { tinyOnnx } from '../../support/tiny-onnx.ts';
import { yoloFixtures } from '../../support/yolo-fixtures.ts';

const reshaped = {
  nodes: [['Reshape', ['x', 's'], ['y']] as const],
  vectors: { s: [1, 12, 4] },
  outputs: { y: [1, 12, 4] },
};

function folderWith(t: Test, name: string, bytes: Uint8Array): { readonly folder: string; readonly file: string } {
  const folder = t.testdir();
  writeFileSync(join(folder, name), bytes);
  return { folder, file: join(folder, name) };
}

test('writes beside the original, and not over it without --force', async (t) => {
  const { folder, file } = folderWith(t, 'best.onnx', tinyOnnx(reshaped));
  const { code, stdout, stderr } = await runCli(['models', 'batch', file]);
  t.equal(code, 0, stderr);
  t.match(
    stdout,
    /best-batch\.onnx: the batch is free; batches of 1, 2, and 3 images give the same results as the original\n$/,
  );
  t.same(readdirSync(folder), ['best-batch.onnx', 'best.onnx'], 'no temporary file is left');
  t.same(readGraph(readFileSync(join(folder, 'best-batch.onnx'))).inputs[0]?.dims, ['batch', 3, 4, 4]);
  const again = await runCli(['models', 'batch', file]);
  t.match(again, { code: 2, stderr: /best-batch\.onnx exists; --force overwrites it\n$/ });
  const over = await runCli(['models', 'batch', file, '--output', file]);
  t.match(over, { code: 2, stderr: /best\.onnx exists; --force overwrites it\n$/ });
  t.equal((await runCli(['models', 'batch', file, '--output', file, '--force'])).code, 0);
  const free = await runCli(['models', 'batch', file, '--output', join(folder, 'other.onnx')]);
  t.match(free, { code: 0, stdout: /best\.onnx: the batch is free already; nothing to do\n$/ });
  t.notOk(existsSync(join(folder, 'other.onnx')));
});

test('exports of the families', async (t) => {
  const folder = t.testdir();
  for (const name of ['v8', 'v11-segment', 'v26', 'v5', 'rtdetr-transformers']) {
    const output = join(folder, `${name}.onnx`);
    const { code, stderr } = await runCli(['models', 'batch', join(yoloFixtures, `${name}.onnx`), '-o', output]);
    t.equal(code, 0, `${name}: ${stderr}`);
    t.equal(readGraph(readFileSync(output)).outputs[0]?.dims?.[0], 'batch', name);
  }
});

test('refuses in one line, with the reason and what to do', async (t) => {
  const folder = t.testdir();
  const refuse = async (file: string) => {
    const { code, stdout, stderr } = await runCli(['models', 'batch', file, '-o', join(folder, 'out.onnx')]);
    t.match({ code, stdout }, { code: 1, stdout: '' }, file);
    t.equal(stderr.split('\n').length, 2, stderr);
    t.same(readdirSync(folder), [], 'nothing is written');
    return stderr;
  };
  t.match(await refuse(join(yoloFixtures, 'v8-nms.onnx')), /NonMaxSuppression node .* in one list; export without NMS/);
  t.match(
    await refuse(onnxFixture('brightness')),
    /ReduceMean node mean: .*; export the model again with a dynamic batch/,
  );
  t.match(await refuse(onnxFixture('batch-of-two')), /input images has a fixed batch of 2, not of 1/);
  t.match(await refuse(onnxFixture('free-size')), /its batch is declared as free, but its outputs are the same/);
});

test('a graph that fits no rule is refused by the check, with the node that fails', async (t) => {
  // The weights are added to each image; nothing says that their first dimension of 2 does not fit a batch of 3.
  const { file, folder } = folderWith(
    t,
    'odd.onnx',
    tinyOnnx({
      nodes: [
        ['Mul', ['x', 'w'], ['a']],
        ['ReduceMean', ['a'], ['y'], { axes: [1] }],
      ],
      weights: { w: [1, 3, 4, 4] },
      outputs: { y: [1, 1, 4, 4] },
    }),
  );
  t.equal((await runCli(['models', 'batch', file])).code, 0, 'this one fits');
  writeFileSync(
    file,
    tinyOnnx({
      nodes: [['Mul', ['x', 'w'], ['y']]],
      inputs: { x: [1, 4] },
      weights: { w: [2, 4] },
      outputs: { y: [2, 4] },
    }),
  );
  const { code, stderr } = await runCli(['models', 'batch', file, '-o', join(folder, 'out.onnx')]);
  t.match(
    { code, stderr },
    { code: 1, stderr: /odd\.onnx: the batch cannot be made free: .+; export the model again/ },
  );
  t.notOk(existsSync(join(folder, 'out.onnx')));
});

test('files that are no models', async (t) => {
  const folder = t.testdir({ 'text.onnx': 'hello', 'empty.onnx': '' });
  const errorOf = async (...args: string[]) => {
    const { code, stderr } = await runCli(['models', 'batch', ...args]);
    t.equal(code, 2, stderr);
    t.equal(stderr.split('\n').length, 2, stderr);
    return stderr;
  };
  t.match(await errorOf(join(folder, 'text.onnx')), /text\.onnx is not an ONNX model, or it is damaged: /);
  t.match(
    await errorOf(join(folder, 'empty.onnx')),
    /empty\.onnx is not an ONNX model, or it is damaged: it has no graph/,
  );
  t.match(await errorOf(join(folder, 'none.onnx')), /none\.onnx does not exist/);
  t.match(await errorOf(folder), /is a folder/);
  const truncated = readFileSync(onnxFixture('recognizer')).subarray(0, -40);
  writeFileSync(join(folder, 'half.onnx'), truncated);
  t.match(await errorOf(join(folder, 'half.onnx')), /half\.onnx is not an ONNX model, or it is damaged: /);
  copyFileSync(onnxFixture('recognizer'), join(folder, 'good.onnx'));
  t.match(
    await errorOf(join(folder, 'good.onnx'), '-o', join(folder, 'missing/out.onnx')),
    /folder .*missing does not exist/,
  );
});

test('weights in other files stay where they are', async (t) => {
  const folder = t.testdir({ 'weights.bin': Buffer.from(new Float32Array([2]).buffer) });
  const location = messageField(13, [textField(1, 'location'), textField(2, 'weights.bin')]);
  const tensor = messageField(5, [
    numberField(1, 1n),
    numberField(2, 1n),
    textField(8, 'w'),
    location,
    numberField(14, 1n),
  ]);
  const nodes = [['Mul', ['x', 'w'], ['a']] as const, ['Reshape', ['a', 's'], ['y']] as const];
  const file = join(folder, 'big.onnx');
  writeFileSync(file, tinyOnnx({ ...reshaped, nodes, graphFields: [tensor] }));
  mkdirSync(join(folder, 'sub'));
  const elsewhere = await runCli(['models', 'batch', file, '-o', join(folder, 'sub/out.onnx')]);
  t.match(elsewhere, { code: 2, stderr: /are in files beside it; write the output to the same folder/ });
  const { code, stderr } = await runCli(['models', 'batch', file]);
  t.equal(code, 0, stderr);
  t.ok(existsSync(join(folder, 'big-batch.onnx')));
});
