/** The parts of a result that the page can show. A custom tool may send them in any shape; what has another shape is left out. Pure. */
import type { ClassScore, Detection, FrameResult, Keypoint, Polygon, Quad } from '../client/index.ts';
import { trackIdOf, tracksOf } from './checked-scene.ts';
import { booleanOf, isNumber, isPoint, isRecord, kept, listOf, numberOf, textOf, type Unchecked } from './unchecked.ts';

/** Corners of a rotated box, and the fewest of a polygon. */
const quadCorners = 4;
const minPolygonPoints = 3;

/** A keypoint that is never drawn. */
const unseenKeypoint: Keypoint = [0, 0, 0];

/** Keeps what the page shows of a result, but for `events` and `counts`, which have their own lists. Size and times are the gateway's own, and are not checked. */
export function checkedResult(result: FrameResult): FrameResult {
  const { width, height, timings_ms } = result;
  const given: Unchecked = result;
  return {
    ...{ width, height, timings_ms },
    ...kept('detections', listOf(given['detections'])?.flatMap(detectionsOf)),
    ...kept('text', textOf(given['text'])),
    ...kept('text_score', numberOf(given['text_score'])),
    ...kept('classes', listOf(given['classes'])?.flatMap(classesOf)),
    ...kept(
      'keypoint_names',
      listOf(given['keypoint_names'])?.map((name) => textOf(name) ?? ''),
    ),
    ...kept('tracks', tracksOf(given['tracks'])),
    ...kept(
      'warnings',
      listOf(given['warnings'])?.flatMap((warning) => textOf(warning) ?? []),
    ),
  };
}

/** One detection, or none if it has no box. Without a label it has an empty one; without a score, NaN. */
function detectionsOf(given: unknown): Detection[] {
  if (!isRecord(given)) return [];
  const { x, y, w, h } = given;
  if (!isNumber(x) || !isNumber(y) || !isNumber(w) || !isNumber(h)) return [];
  const detection: Detection = {
    ...{ x, y, w, h, label: textOf(given['label']) ?? '', score: numberOf(given['score']) ?? Number.NaN },
    ...kept('quad', quadOf(given['quad'])),
    ...kept('polygons', listOf(given['polygons'])?.filter(isPolygon)),
    ...kept('keypoints', listOf(given['keypoints'])?.map(keypointOf)),
    ...kept('text', textOf(given['text'])),
    ...kept('text_score', numberOf(given['text_score'])),
    ...kept('track_id', trackIdOf(given['track_id'])),
    ...kept('text_reads', numberOf(given['text_reads'])),
    ...kept('text_settled', booleanOf(given['text_settled'])),
  };
  return [detection];
}

function classesOf(given: unknown): ClassScore[] {
  if (!isRecord(given)) return [];
  const { label, score } = given;
  return typeof label === 'string' && isNumber(score) ? [{ label, score }] : [];
}

function quadOf(given: unknown): Quad | undefined {
  return Array.isArray(given) && given.length === quadCorners && given.every(isPoint)
    ? (given as unknown as Quad)
    : undefined;
}

function isPolygon(given: unknown): given is Polygon {
  return Array.isArray(given) && given.length >= minPolygonPoints && given.every(isPoint);
}

/** Every keypoint keeps its place, and with it its name. */
function keypointOf(given: unknown): Keypoint {
  if (!isPoint(given)) return unseenKeypoint;
  const [x, y, score] = given as readonly [number, number, unknown?];
  if (score === undefined) return [x, y];
  return isNumber(score) ? [x, y, score] : unseenKeypoint;
}
