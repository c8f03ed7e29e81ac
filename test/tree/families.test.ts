/** The table of families names every tiny model, under the task that it was exported for. */
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'tap';
import { readYoloFixture, yoloFixtures } from '../support/yolo-fixtures.ts';

const page = readFileSync(new URL('../../docs/guides/custom-models.md', import.meta.url), 'utf8');
const section = /## Families\n(.*?)\n## /s.exec(page)?.[1] ?? '';

/** The models of each task; a row without a task belongs to the one above. */
function listedModels(): Map<string, string> {
  const listed = new Map<string, string>();
  let task = '';
  for (const line of section.split('\n').filter((row) => row.startsWith('| '))) {
    const cells = line.split('|').map((cell) => cell.trim());
    task = /^(\w+):/.exec(cells[1] ?? '')?.[1] ?? task;
    for (const [, model = ''] of (cells[4] ?? '').matchAll(/`([^`]+)`/g)) listed.set(model, task);
  }
  return listed;
}

test('each tiny model is in the table of its task, and no other', async (t) => {
  const models = readdirSync(yoloFixtures).flatMap((file) => (file.endsWith('.onnx') ? [file.slice(0, -5)] : []));
  const expected = models.map((model): [string, string] => [model, readYoloFixture(model).task]);
  t.ok(expected.length > 40, `${expected.length} models`);
  t.same(new Map([...listedModels()].sort()), new Map(expected.sort()));
});
