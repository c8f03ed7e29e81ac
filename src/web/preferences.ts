/** Preferences in the page's URL: `/?pipeline=yolo&source=camera&fps=10&quality=70&adapt=off`. Pure. */

/** Sources. A URL can name only `sample` and `camera`; a file has to be chosen by the user. */
export type SourceName = 'sample' | 'camera' | 'video' | 'picture';

export interface Preferences {
  readonly pipeline: string | undefined;
  readonly source: SourceName;
  readonly fps: number;
  /** JPEG quality in percent. */
  readonly quality: number;
  readonly adapt: boolean;
}

export const fpsLimits = { min: 1, max: 60, fallback: 30 } as const;
/** An image is sent repeatedly only to keep the figures up to date. */
export const imageFps = 2;
const qualityLimits = { min: 30, max: 95, fallback: 80 } as const;

/** Parses a query string. Missing and invalid values get their defaults. */
export function readPreferences(query: string): Preferences {
  const params = new URLSearchParams(query);
  return {
    pipeline: params.get('pipeline') || undefined,
    source: params.get('source') === 'camera' ? 'camera' : 'sample',
    fps: numberWithin(params.get('fps'), fpsLimits),
    quality: numberWithin(params.get('quality'), qualityLimits),
    adapt: params.get('adapt') !== 'off',
  };
}

/** Formats a query string. Defaults and unknown parameters are omitted. */
export function writePreferences({ pipeline, source, fps, quality, adapt }: Preferences): string {
  const params = new URLSearchParams();
  if (pipeline) params.set('pipeline', pipeline);
  if (source === 'camera') params.set('source', source);
  if (fps !== fpsLimits.fallback) params.set('fps', String(fps));
  if (quality !== qualityLimits.fallback) params.set('quality', String(quality));
  if (!adapt) params.set('adapt', 'off');
  const query = params.toString();
  return query === '' ? '' : `?${query}`;
}

function numberWithin(
  text: string | null,
  { min, max, fallback }: { readonly min: number; readonly max: number; readonly fallback: number },
): number {
  const value = Math.round(Number(text || Number.NaN));
  return value >= min && value <= max ? value : fallback;
}
