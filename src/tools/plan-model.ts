/** Finds out which of the YOLO tools runs a model. Worker threads, and the main thread of the command line. */
import type { Model } from '../models/model.ts';
import { type ClassPlan, planClasses } from '../models/yolo/classify.ts';
import type { Issue } from '../models/yolo/input.ts';
import { type BoxPlan, planBoxes } from '../models/yolo/plan.ts';
import { isTask, type Task } from '../models/yolo/task.ts';
import { samplePicture } from './sample-picture.ts';

export type ModelPlan = BoxPlan | ClassPlan;

/** Tried in this order if the file does not declare its task. */
const undeclaredTasks: readonly Task[] = ['detect', 'segment', 'pose', 'obb', 'classify'];

/**
 * Plans a model for the task that its metadata declares, or for the first one that it can be used for.
 * @returns the plan, or why no tool runs it: for a file without a task, why it is no detector.
 */
export async function planModel(model: Model): Promise<ModelPlan | Issue> {
  const declared = model.metadata['task'];
  if (isTask(declared)) return planTask(model, declared);
  let firstIssue: Issue | undefined;
  for (const task of undeclaredTasks) {
    const plan = await planTask(model, task);
    if (!('issue' in plan)) return plan;
    firstIssue ??= plan;
  }
  return firstIssue ?? { issue: 'no tool runs it' };
}

async function planTask(model: Model, task: Task): Promise<ModelPlan | Issue> {
  const picture = await samplePicture();
  const { overrides } = model;
  return task === 'classify' ? planClasses(model, overrides, picture) : planBoxes(model, task, overrides, picture);
}
