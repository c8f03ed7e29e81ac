/** Limits what a result tells the owner of a token: how many detections, and how much text. Pure. */
import type { FrameResult } from '../protocol.ts';

export interface ResultLimits {
  /** Detections per frame; `Infinity` for no limit. Those with the highest scores stay. */
  readonly maxDetections: number;
  /** Characters of text per frame, over all detections; `Infinity` for no limit. */
  readonly maxTextLength: number;
}

/**
 * @param text a result as JSON. Without limits, it is returned as it is, and not parsed.
 * @returns the result with `"limited":true` if something was left out.
 */
export function limitResult(text: string, { maxDetections, maxTextLength }: ResultLimits): string {
  if (maxDetections === Number.POSITIVE_INFINITY && maxTextLength === Number.POSITIVE_INFINITY) return text;
  const result = JSON.parse(text) as FrameResult;
  const all = result.detections ?? [];
  const kept = all.length <= maxDetections ? all : bestOf(all, maxDetections);
  let isLimited = kept.length < all.length;
  let left = maxTextLength;
  const cut = (full: string) => {
    const part = full.slice(0, left);
    left -= part.length;
    isLimited ||= part.length < full.length;
    return part;
  };
  const detections = kept.map((each) => (each.text === undefined ? each : { ...each, text: cut(each.text) }));
  const events = result.events?.map((each) => (each.text === undefined ? each : { ...each, text: cut(each.text) }));
  const page = result.text === undefined ? {} : { text: cut(result.text) };
  if (!isLimited) return text;
  const lists = { ...(result.detections && { detections }), ...(events && { events }) };
  return JSON.stringify({ ...result, ...lists, ...page, limited: true });
}

/** The elements with the highest scores, in their order. */
function bestOf<Scored extends { readonly score: number }>(all: readonly Scored[], count: number): Scored[] {
  const best = new Set(all.toSorted((a, b) => b.score - a.score).slice(0, count));
  return all.filter((each) => best.has(each));
}
