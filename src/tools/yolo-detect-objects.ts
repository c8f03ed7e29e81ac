/** `yolo.detect_objects`: detects objects in the image with a YOLO model or a DETR. */
import { z } from 'zod';
import { UprightReader } from '../models/yolo/detect.ts';
import { boxParams, defineBoxTool, modelName } from './yolo-boxes.ts';

export const yoloDetectObjects = defineBoxTool({
  task: 'detect',
  toolId: 'detect_objects',
  description: 'Detects objects with a YOLO model or a DETR',
  failureDetail: 'YOLO inference failed',
  params: z.strictObject({ ...boxParams, model: modelName.default('plate-yolo') }),
  createReader: () => new UprightReader(),
});
