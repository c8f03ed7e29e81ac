/** Limits what a result tells the owner of a token: how many detections, and how much text. Pure. */
import type { Detection, FrameResult } from '../protocol.ts';

export interface ResultLimits {
  /** Detections per frame; `Infinity` for no limit. Those with the highest scores stay. */
  readonly maxDetections: number;
  /** Characters of text per frame, over all detections; `Infinity` for no limit. */
  readonly maxTextLength: number;
}

/**
 * Applies to `detections` and `tracks`, and to every `text`: of a detection, an event, and the page. Keys that custom tools add, labels
 * and counts stay.
 * @param text a result as JSON. Without limits, it is returned as it is, and not parsed.
 * @returns the result with `"limited":true` if something was left out.
 * @throws SyntaxError if it is not JSON.
 */
export function limitResult(text: string, { maxDetections, maxTextLength }: ResultLimits): string {
  if (maxDetections === Number.POSITIVE_INFINITY && maxTextLength === Number.POSITIVE_INFINITY) return text;
  const result = JSON.parse(text) as Loose<FrameResult>;
  const detections = listOf(result.detections);
  const events = listOf(result.events);
  const kept = bestOf(detections, maxDetections);
  const tracks = tracksOf(listOf(result.tracks), kept, maxDetections);
  let isLimited = !(
    isAllOf(kept, result.detections) &&
    isAllOf(tracks, result.tracks) &&
    isAllOf(events, result.events)
  );
  let left = maxTextLength;
  /** Whoever has a text: what is no string was not counted by anyone, so it is left out. */
  const cut = <Owner extends Loose<{ text: string }>>(owner: Owner): Owner => {
    const full = owner.text;
    if (full === undefined || left === Number.POSITIVE_INFINITY) return owner;
    const part = typeof full === 'string' ? full.slice(0, left) : '';
    left -= part.length;
    isLimited ||= part !== full;
    return { ...owner, text: part };
  };
  const lists = {
    ...(result.detections !== undefined && { detections: kept.map(cut) }),
    ...(result.events !== undefined && { events: events.map(cut) }),
    ...(result.tracks !== undefined && { tracks }),
  };
  const limited = { ...cut(result), ...lists };
  return isLimited ? JSON.stringify({ ...limited, limited: true }) : text;
}

/** As parsed: custom tools and other hosts may send anything. */
type Loose<Type> = { readonly [Key in keyof Type]?: unknown };

function listOf(value: unknown): Loose<Detection>[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'object' && each !== null) : [];
}

/** Whether nothing was left out. Nobody counted what is not a list, or an element that is not an object, so these are left out. */
function isAllOf(kept: readonly unknown[], value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.length === kept.length);
}

/** Beyond the limit, only those of the detections that are kept. */
function tracksOf(tracks: Loose<Detection>[], kept: readonly Loose<Detection>[], count: number): Loose<Detection>[] {
  if (tracks.length <= count) return tracks;
  const ids = new Set(kept.map(({ track_id }) => track_id));
  return tracks.filter(({ track_id }) => ids.has(track_id)).slice(0, count);
}

/** The elements with the highest scores, in their order. */
function bestOf(all: Loose<Detection>[], count: number): Loose<Detection>[] {
  if (all.length <= count) return all;
  const best = new Set(all.toSorted((a, b) => Number(b.score) - Number(a.score)).slice(0, count));
  return all.filter((each) => best.has(each));
}
