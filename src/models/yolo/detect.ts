/** Reads the boxes of a detection model. Worker threads. */
import type { BoxReader, Reading, Run } from './box-reader.ts';
import { candidateBox, type FrameBox } from './frame-box.ts';

/** Upright boxes, clipped to the frame. The readers of masks and keypoints add to them. */
export class UprightReader implements BoxReader {
  #run: Run | undefined;

  begin(run: Run): void {
    this.#run = run;
  }

  isOnFrame(index: number): boolean {
    return this.boxOf(index) !== undefined;
  }

  read(index: number): Reading | undefined {
    return this.boxOf(index);
  }

  protected boxOf(index: number): FrameBox | undefined {
    const { candidates, placement, frame } = this.run;
    return candidateBox(candidates, index, placement, frame);
  }

  protected get run(): Run {
    if (this.#run === undefined) throw new Error('begin() was not called');
    return this.#run;
  }
}
