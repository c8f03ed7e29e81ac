/** `yolo.pose`: detects objects and their keypoints with a YOLO pose model. */
import { z } from 'zod';
import { PoseReader } from '../models/yolo/pose.ts';
import { boxParams, defineBoxTool } from './yolo-boxes.ts';

export const yoloPose = defineBoxTool({
  task: 'pose',
  toolId: 'pose',
  description: 'Detects objects and their keypoints with a YOLO pose model',
  failureDetail: 'YOLO inference failed',
  params: z.strictObject(boxParams),
  outputs: ['keypoint_names'],
  createReader({ format, keypoints }) {
    if (format.extras === undefined || keypoints === undefined) throw new Error('the format has no keypoints');
    return new PoseReader(format.extras, keypoints);
  },
});
