/** `ocr.extract_text`: reads the text in each detected box, or on the whole picture where nothing was detected before. */
import { z } from 'zod';
import type { Image } from '../models/image.ts';
import type { Region } from '../models/tensor-image.ts';
import type { Detection } from '../protocol.ts';
import { defineTool, type Ports, type PortValues, type ToolInstance } from './tool.ts';

const paramsSchema = z.strictObject({
  /** `ctc`: PP-OCRv4 recognition, one line a box. `tesseract`: tesseract.js, boxes or whole pages of several lines. */
  engine: z.enum(['ctc', 'tesseract']).default('ctc'),
  /** Only boxes with these labels are read. */
  labels: z.array(z.string()).min(1).optional(),
  /** A box grows by this part of its height on every side before it is read. */
  margin: z.number().min(0).max(1).default(0),
  /** At most so many boxes are read, the most certain first: a frame full of boxes must not take seconds. */
  max_boxes: z.number().int().min(1).max(1000).default(32),
});

type Params = z.infer<typeof paramsSchema>;

/** Grows a box and cuts it at the picture's edges. */
export function regionAround(
  box: { x: number; y: number; w: number; h: number },
  margin: number,
  image: Image,
): Region {
  const grow = box.h * margin;
  const x = Math.max(0, box.x - grow);
  const y = Math.max(0, box.y - grow);
  return {
    x,
    y,
    w: Math.min(image.width, box.x + box.w + grow) - x,
    h: Math.min(image.height, box.y + box.h + grow) - y,
  };
}
