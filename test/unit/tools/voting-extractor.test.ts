/** `ocr.extract_text` with votes: which boxes are recognized, and what detections and events say. */
import tap, { test } from 'tap';
import type { Image } from '../../../src/models/image.ts';
import type { Recognition } from '../../../src/models/ocr/ctc.ts';
import type { Detection, Track } from '../../../src/protocol.ts';
import { ocrExtractText } from '../../../src/tools/ocr-extract-text.ts';
import type { StatefulInstance, ToolInstance } from '../../../src/tools/tool.ts';
import { VotingExtractor, votesParams } from '../../../src/tools/voting-extractor.ts';
import { initialVotes, type VotesState } from '../../../src/votes/votes-state.ts';
import { createCanvas } from '../../support/samples/canvas.ts';
import { drawText, measureText } from '../../support/samples/draw-text.ts';
import { toolContext } from '../../support/tool-context.ts';

const image: Image = createCanvas(640, 480, [200, 200, 200]);

/** A box of the size of a license plate. */
function boxOf(id: number | undefined, more: Partial<Detection> = {}): Detection {
  const place = { x: 40 + 60 * (id ?? 9), y: 100, w: 120, h: 30, label: 'plate', score: 0.9 };
  return Object.freeze({ ...place, ...(id === undefined ? {} : { track_id: id }), ...more });
}

function trackOf({ x, y, w, h, label, track_id: id = 0 }: Detection): Track {
  return { track_id: id, label, x, y, w, h, vx: 0, vy: 0, age_ms: 0, lost_ms: 0 };
}

/** Reads of a box are given by its score: `text` of each. Records which boxes were recognized. */
class Camera {
  readonly recognized: (number | undefined)[][] = [];
  #state: VotesState = initialVotes;
  readonly #instance: StatefulInstance<VotesState>;

  constructor(textOf: (detection: Detection) => string, params: object = {}, maxBoxes = 32) {
    const recognizer = {
      select: (detections: readonly Detection[]) => detections.slice(0, maxBoxes),
      recognize: async (_: Image, detections: readonly Detection[]): Promise<readonly Recognition[]> => {
        this.recognized.push(detections.map(({ track_id: id }) => id));
        return detections.map((detection) => {
          const text = textOf(detection);
          return { text, score: 0.9, characters: [...text].map((character) => ({ character, certainty: 0.97 })) };
        });
      },
    };
    this.#instance = new VotingExtractor(recognizer, votesParams.parse(params));
  }

  async frame(sessionMs: number, detections: readonly Detection[], tracks?: readonly Track[]) {
    const live = tracks ?? detections.filter(({ track_id: id }) => id !== undefined).map(trackOf);
    const clock = { sessionMs, elapsedMs: undefined, unixMs: 1000 + sessionMs };
    const step = await this.#instance.run({ image, detections, tracks: live }, { state: this.#state, clock });
    this.#state = JSON.parse(JSON.stringify(step.state)) as VotesState;
    return step.outputs;
  }
}

test('a track is recognized until its text is settled; its detections carry the vote in every frame', async (t) => {
  const camera = new Camera(() => 'AB123');
  const texts = [];
  for (const at of [0, 100, 200, 300, 400, 500]) {
    const { detections = [], events = [] } = await camera.frame(at, [boxOf(1)]);
    const [{ text, text_reads: reads, text_settled: isSettled, ...box } = boxOf(1)] = detections;
    t.match(box, boxOf(1), 'nothing else changes');
    texts.push([text, reads, isSettled, events.length]);
  }
  t.same(texts, [
    ['AB123', 1, false, 0],
    ['AB123', 1, false, 0],
    ['AB123', 2, false, 0],
    ['AB123', 2, false, 0],
    ['AB123', 3, true, 1],
    ['AB123', 3, true, 0],
  ]);
  t.same(camera.recognized, [[1], [], [1], [], [1], []]);
});

test('detections without a track are recognized in every frame, without a vote', async (t) => {
  const camera = new Camera(({ track_id: id }) => (id === undefined ? 'SIGN' : 'AB123'));
  for (const at of [0, 100]) {
    const { detections = [] } = await camera.frame(at, [boxOf(undefined), boxOf(1)]);
    t.same(detections[0], { ...boxOf(undefined), text: 'SIGN', text_score: 0.9 });
    t.match(detections[1], { text: 'AB123', text_reads: 1 });
  }
  t.same(camera.recognized, [[undefined, 1], [undefined]]);
});

test('a detection whose track is not among the tracks has no vote', async (t) => {
  const camera = new Camera(() => 'AB123');
  const { detections } = await camera.frame(0, [boxOf(1)], []);
  t.same(detections, [{ ...boxOf(1), text: 'AB123', text_score: 0.9 }]);
});

test('boxes beyond the maximum wait for their turn', async (t) => {
  const camera = new Camera(({ track_id: id }) => `AB${id}`, {}, 1);
  const { detections = [] } = await camera.frame(0, [boxOf(1), boxOf(2)]);
  t.same(detections[1], boxOf(2), 'not recognized yet');
  for (const at of [100, 200, 300, 400, 500, 600]) await camera.frame(at, [boxOf(1), boxOf(2)]);
  t.same(camera.recognized, [[1], [2], [1], [2], [1], [2], []], 'those that are due take turns');
});

test('the event has the name of the params and the label of the track, and there are always events', async (t) => {
  const camera = new Camera(() => 'AB123', { event: 'plate' });
  t.same((await camera.frame(0, [])).events, []);
  for (const at of [100, 300]) await camera.frame(at, [boxOf(3)]);
  const { events } = await camera.frame(500, [boxOf(3)]);
  t.match(events, [{ type: 'plate', track_id: 3, label: 'plate', text: 'AB123', text_settled: true, at_ms: 1500 }]);
});

test('the end of an unsettled track is an event, with the label that it had', async (t) => {
  const camera = new Camera(() => 'AB123');
  await camera.frame(0, [boxOf(1, { label: 'sign' })]);
  const { events = [] } = await camera.frame(100, []);
  t.match(events, [{ type: 'text', track_id: 1, label: 'sign', text: 'AB123', text_settled: false }]);
});

test('a box at an edge of the frame counts as cut off', async (t) => {
  for (const [place, isCut] of [
    [{ x: 0 }, true],
    [{ x: 2 }, true],
    [{ y: 1 }, true],
    [{ x: 520 }, true],
    [{ y: 449 }, true],
    [{ x: 6, y: 6 }, false],
    [{ x: 510, y: 440 }, false],
  ] as const) {
    const camera = new Camera(() => 'AB123');
    const { detections } = await camera.frame(0, [boxOf(1, place)]);
    const score = detections?.[0]?.text_score ?? 0;
    t.equal(score < 0.1, isCut, `${JSON.stringify(place)}: ${score}`);
  }
});

test('the height of rotated text is that of the text', async (t) => {
  const quad = [
    [100, 100],
    [200, 200],
    [196, 204],
    [96, 104],
  ] as const;
  const tilted = { x: 96, y: 100, w: 104, h: 104, quad };
  const scores = await Promise.all(
    [boxOf(1, { w: 104, h: 104 }), boxOf(1, tilted)].map(async (box) => {
      const { detections } = await new Camera(() => 'AB123').frame(0, [box]);
      return detections?.[0]?.text_score ?? 0;
    }),
  );
  t.ok((scores[1] ?? 1) < (scores[0] ?? 0), `${scores}`);
});

test('params have defaults and limits', async (t) => {
  t.same(votesParams.parse({}), {
    event: 'text',
    settled_score: 0.95,
    min_score: 0.5,
    interval_ms: 150,
    max_reads: 12,
    reread_ms: 5000,
    repeat_ms: 10_000,
  });
  for (const wrong of [
    { settled_score: 0.4 },
    { settled_score: 1.1 },
    { min_score: -1 },
    { interval_ms: 0.5 },
    { max_reads: 0 },
    { reread_ms: -1 },
    { repeat_ms: 3_600_001 },
    { event: '' },
    { events: 'text' },
  ]) {
    t.equal(votesParams.safeParse(wrong).success, false, JSON.stringify(wrong));
  }
});

test('only with votes, the tool has state and needs tracks', async (t) => {
  const { inputs, state, params } = ocrExtractText;
  if (typeof inputs !== 'function' || typeof state !== 'function') throw new Error('they depend on the params');
  const [plain, voting] = [params.parse({}), params.parse({ votes: {} })];
  t.same(inputs(plain), []);
  t.equal(state(plain), undefined);
  t.same(inputs(voting), ['detections', 'tracks']);
  t.same(state(voting)?.initial, initialVotes);
});

test('both engines vote, and recognize the same as without votes', async (t) => {
  const canvas = createCanvas(320, 160, [236, 234, 228]);
  drawText(canvas, 'KX482BD', { x: 60, y: 60, size: 28 });
  const box: Detection = {
    x: 50,
    y: 50,
    w: measureText('KX482BD', 28) + 20,
    h: 46,
    label: 'plate',
    score: 0.9,
    track_id: 5,
  };
  for (const engine of ['ctc', 'tesseract']) {
    const create = (params: object) =>
      ocrExtractText.create(ocrExtractText.params.parse({ engine, ...params }), toolContext(tap));
    const plain = (await create({})) as ToolInstance;
    const voting = (await create({ votes: {} })) as StatefulInstance<VotesState>;
    await voting.warm?.();
    const without = await plain.run({ image: canvas, detections: [box] });
    const clock = { sessionMs: 0, elapsedMs: undefined, unixMs: 0 };
    const ports = { image: canvas, detections: [box], tracks: [trackOf(box)] };
    const { outputs, state } = await voting.run(ports, { state: initialVotes, clock });
    t.equal(outputs.detections?.[0]?.text, 'KX482BD', engine);
    t.equal(without.detections?.[0]?.text, 'KX482BD');
    t.notOk('text_reads' in (without.detections?.[0] ?? {}), 'nothing new without votes');
    t.equal(state.tracks.length, 1);
    t.same(voting.models, plain.models);
    await plain.close?.();
    await voting.close?.();
  }
});
