/** The built-in tools. */
import { imageBinarize } from './image-binarize.ts';
import { ocrDetectText } from './ocr-detect-text.ts';
import { ocrExtractText } from './ocr-extract-text.ts';
import { sceneZones } from './scene-zones.ts';
import type { AnyTool, StatefulTool, Tool } from './tool.ts';
import { trackObjects } from './track-objects.ts';
import { yoloClassify } from './yolo-classify.ts';
import { yoloDetectObjects } from './yolo-detect-objects.ts';
import { yoloObb } from './yolo-obb.ts';
import { yoloPose } from './yolo-pose.ts';
import { yoloSegment } from './yolo-segment.ts';

/** Deprecated tool names → current names. */
export const renamedTools: ReadonlyMap<string, string> = new Map([['image.binarise', 'image.binarize']]);

export const builtInTools: readonly AnyTool[] = [
  yoloDetectObjects as Tool,
  yoloSegment as Tool,
  yoloPose as Tool,
  yoloObb as Tool,
  yoloClassify as Tool,
  ocrExtractText as Tool,
  ocrDetectText as Tool,
  imageBinarize as Tool,
  sceneZones as StatefulTool,
  trackObjects as StatefulTool,
];
