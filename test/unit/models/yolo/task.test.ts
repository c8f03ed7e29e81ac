/** A model's task leads to the tool that runs it. */
import { test } from 'tap';
import { isTask, type Task, taskIssue, toolOfTask } from '../../../../src/models/yolo/task.ts';
import { builtInTools } from '../../../../src/tools/built-in.ts';
import { toolName } from '../../../../src/tools/tool.ts';

test('every task has a built-in tool', async (t) => {
  const names = builtInTools.map(toolName);
  for (const name of Object.values(toolOfTask)) t.ok(names.includes(name), name);
});

test('the tool of another task is named', async (t) => {
  t.equal(taskIssue('pose', 'detect'), 'its metadata declares the task "pose"; use yolo.pose');
  t.equal(taskIssue('detect', 'obb'), 'its metadata declares the task "detect"; use yolo.detect_objects');
  t.equal(taskIssue('depth', 'detect'), 'its metadata declares the task "depth"; none of the yolo tools runs it');
});

test('a model without a task, or with the wanted one, can be run', async (t) => {
  for (const task of Object.keys(toolOfTask) as Task[]) {
    t.equal(taskIssue(task, task), undefined);
    t.equal(taskIssue(undefined, task), undefined);
  }
});

test('names of other things are no tasks', async (t) => {
  t.ok(isTask('segment'));
  for (const name of [undefined, '', 'Segment', 'toString', 'text-recognition']) t.notOk(isTask(name), String(name));
});
