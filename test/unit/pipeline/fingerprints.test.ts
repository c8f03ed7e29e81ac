/** Fingerprints of pipelines: equal on two machines with the same files, different if anything differs that may change a result. */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { fingerprintPipelines } from '../../../src/pipeline/fingerprints.ts';
import type { Pipeline } from '../../../src/pipeline/registry.ts';

/** A machine with two pipelines, a model of the first one, and a custom tool. */
function machine(folder: string) {
  mkdirSync(folder);
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const model = file('model.onnx', 'weights');
  const tool = file('tool.mjs', 'export default {}');
  const pipeline = (id: string, text: string, modelFiles: string[]) =>
    ({ id, source: { path: join(folder, `${id}.json`), text }, modelFiles }) as unknown as Pipeline;
  const pipelines = [pipeline('with', '{"a":1}', [model]), pipeline('without', '{"b":1}', [])];
  return { model, tool, pipelines, pipeline, prints: () => fingerprintPipelines(pipelines, [tool]) };
}

test('only contents count, not where they are', async (t) => {
  const [one, two] = [machine(`${t.testdir({})}/one`), machine(`${t.testdirName}/two`)];
  const prints = await one.prints();
  t.same(prints, await two.prints());
  t.match([...prints.values()], [/^[\da-f]{24}$/, /^[\da-f]{24}$/]);
  t.not(prints.get('with'), prints.get('without'));
  appendFileSync(two.model, '!');
  const changed = await two.prints();
  t.not(changed.get('with'), prints.get('with'), 'another model');
  t.equal(changed.get('without'), prints.get('without'), 'which the other pipeline does not use');
  appendFileSync(one.tool, '!');
  const all = await one.prints();
  for (const id of ['with', 'without']) t.not(all.get(id), prints.get(id), 'any pipeline may use a custom tool');
});

test('another text is another pipeline; a missing file counts as none, an unreadable one is an error', async (t) => {
  const { pipeline, pipelines, tool } = machine(`${t.testdir({})}/one`);
  const [before, after] = await Promise.all(
    ['{"a":1}', '{"a":2}'].map((text) => fingerprintPipelines([pipeline('with', text, [])], [])),
  );
  t.not(before?.get('with'), after?.get('with'));
  t.same(await fingerprintPipelines([], [tool]), new Map());
  const missing = await fingerprintPipelines([pipeline('with', '{"a":1}', ['/nowhere/model.onnx'])], []);
  t.same(missing, before);
  const folder = `${t.testdirName}/one`;
  await t.rejects(fingerprintPipelines(pipelines, [folder]), { name: 'ConfigError', message: folder });
});
