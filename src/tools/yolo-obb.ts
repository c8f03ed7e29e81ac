/** `yolo.obb`: detects rotated boxes with a YOLO model for oriented bounding boxes. */
import { z } from 'zod';
import { RotatedReader } from '../models/yolo/obb.ts';
import { boxParams, defineBoxTool } from './yolo-boxes.ts';

export const yoloObb = defineBoxTool({
  task: 'obb',
  toolId: 'obb',
  description: 'Detects rotated boxes with a YOLO model for oriented bounding boxes (OBB)',
  failureDetail: 'YOLO inference failed',
  params: z.strictObject(boxParams),
  createReader({ format }) {
    if (format.extras === undefined) throw new Error('the format has no angles');
    return new RotatedReader(format.extras);
  },
});
