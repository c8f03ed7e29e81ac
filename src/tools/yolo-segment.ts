/** `yolo.segment`: detects objects and their outlines with a YOLO segmentation model. */
import { z } from 'zod';
import { SegmentReader } from '../models/yolo/segment.ts';
import { boxParams, defineBoxTool } from './yolo-boxes.ts';

export const yoloSegment = defineBoxTool({
  task: 'segment',
  toolId: 'segment',
  description: 'Detects objects and their outlines with a YOLO segmentation model',
  failureDetail: 'YOLO inference failed',
  params: z.strictObject({
    ...boxParams,
    /** Adds the mask of each object at the frame's resolution, in COCO's run-length encoding. */
    mask: z.boolean().default(false),
    /** How far a polygon may be from the outline of its mask, in pixels of the model's input. With 0, it follows every pixel. */
    polygon_tolerance: z.number().min(0).max(100).default(1),
  }),
  createReader({ format, input }, { mask: hasMask, polygon_tolerance: tolerance }) {
    const { extras: columns, prototypes } = format;
    if (columns === undefined || prototypes === undefined) throw new Error('the format has no masks');
    return new SegmentReader({ columns, prototypes, input, tolerance, hasMask, isCutFirst: format.name === 'yolov5' });
  },
});
