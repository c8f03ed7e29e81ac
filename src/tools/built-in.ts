/** The tools that ship. */
import type { Tool } from './tool.ts';
import { yoloDetectObjects } from './yolo-detect-objects.ts';

export const builtInTools: readonly Tool[] = [yoloDetectObjects as Tool];
