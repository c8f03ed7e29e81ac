/** Rendered clips as sequences: the shipped detector finds the plates of every frame once, and the truth comes with the clip. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { configOfProcess } from '../../src/config.ts';
import { ModelScope } from '../../src/models/loader.ts';
import type { Detection } from '../../src/protocol.ts';
import { JpegDecoder } from '../../src/tools/jpeg-decoder.ts';
import { yoloDetectObjects } from '../../src/tools/yolo-detect-objects.ts';
import { seededRandom } from '../../test/support/seeded-random.ts';
import type { Conditions, Frame, Sequence } from './simulation.ts';

/** The detector as for a tracker: at the size of the clips, and with a low score threshold. */
const detectorParams = { model: 'plate-yolo', imgsz: [736, 1280], score_threshold: 0.05 };
/** Plates that are covered more, or narrower in pixels, do not count: they are barely to be seen. */
const minVisible = 0.4;
const minWidth = 20;
const detectionsFile = 'detections.json';

const box = z.tuple([z.number(), z.number(), z.number(), z.number()]);
const header = z.object({ seed: z.number(), fps: z.number(), width: z.number(), height: z.number() });
const line = z.object({
  frame: z.number(),
  at_ms: z.number(),
  objects: z.array(z.object({ id: z.number(), plate: box.nullable(), visible: z.number() })),
});

/** A clip at its full frame rate. */
export class Clip {
  readonly #folder: string;
  readonly #header: z.infer<typeof header>;
  readonly #frames: readonly Frame[];

  constructor(folder: string, head: z.infer<typeof header>, frames: readonly Frame[]) {
    this.#folder = folder;
    this.#header = head;
    this.#frames = frames;
  }

  /** Every so many frames, less those that are dropped. */
  at({ fps, drops }: Conditions): Sequence {
    const { width, height, seed } = this.#header;
    const step = Math.round(this.#header.fps / fps);
    const random = seededRandom(seed * 7919 + Math.round(fps * 100 + drops * 10));
    const frames = this.#frames.filter((_, index) => index % step === 0 && random() >= drops);
    return { name: this.#folder, width, height, fps, drops, frames };
  }
}

/** @param dir has a folder per clip. Detections are stored beside the frames, since they take minutes. */
export async function readClips(dir: string): Promise<Clip[]> {
  const folders = readdirSync(dir, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const clips: Clip[] = [];
  for (const { name } of folders.sort((a, b) => a.name.localeCompare(b.name)))
    clips.push(await readClip(join(dir, name)));
  return clips;
}

async function readClip(folder: string): Promise<Clip> {
  const [first = '', ...rest] = readFileSync(join(folder, 'truth.jsonl'), 'utf8').trimEnd().split('\n');
  const lines = rest.map((text) => line.parse(JSON.parse(text)));
  const detections = await detectionsOf(folder, lines.length);
  const frames = lines.map(({ at_ms, objects }, index) => ({
    atMs: Math.round(at_ms),
    detections: detections[index] ?? [],
    truth: objects.flatMap(({ id, plate, visible }) =>
      plate === null
        ? []
        : [
            {
              id,
              x: plate[0],
              y: plate[1],
              w: plate[2],
              h: plate[3],
              ignored: visible < minVisible || plate[2] < minWidth,
            },
          ],
    ),
  }));
  return new Clip(folder, header.parse(JSON.parse(first)), frames);
}

async function detectionsOf(folder: string, count: number): Promise<Detection[][]> {
  const path = join(folder, detectionsFile);
  if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8')) as Detection[][];
  const { modelsDir, providers } = configOfProcess();
  const models = new ModelScope({ modelsDir, providers });
  const tool = await yoloDetectObjects.create(yoloDetectObjects.params.parse(detectorParams), {
    models,
    modelsDir,
    providers,
  });
  const decoder = await JpegDecoder.create();
  const detections: Detection[][] = [];
  for (let index = 0; index < count; index++) {
    const { image } = await decoder.decode(readFileSync(join(folder, `${String(index).padStart(6, '0')}.jpg`)));
    detections.push([...((await tool.run({ image })).detections ?? [])]);
  }
  await tool.close?.();
  models.release();
  writeFileSync(path, JSON.stringify(detections));
  return detections;
}
