/** What a YOLO model is for, and which tool runs it. Any thread; imports nothing. */

/** A model's task, as Ultralytics names it. */
export type Task = 'detect' | 'segment' | 'pose' | 'obb' | 'classify';
/** Tasks whose results hang on boxes. */
export type BoxTask = Exclude<Task, 'classify'>;

export const toolOfTask: Readonly<Record<Task, string>> = {
  detect: 'yolo.detect_objects',
  segment: 'yolo.segment',
  pose: 'yolo.pose',
  obb: 'yolo.obb',
  classify: 'yolo.classify',
};

/** @returns why a model that declares a task cannot be run for another one; `undefined` if it can, or declares none. */
export function taskIssue(declared: string | undefined, wanted: Task): string | undefined {
  if (declared === undefined || declared === wanted) return undefined;
  const advice = isTask(declared) ? `use ${toolOfTask[declared]}` : 'none of the yolo tools runs it';
  return `its metadata declares the task "${declared}"; ${advice}`;
}

export function isTask(name: string | undefined): name is Task {
  return name !== undefined && Object.hasOwn(toolOfTask, name);
}
