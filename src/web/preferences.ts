/** What the page was asked for in its address: `/?pipeline=yolo&source=camera&fps=10&quality=70&adapt=off`. Pure. */

/** Sources that an address can name: a file has to be chosen by hand. */
export type SourceName = 'sample' | 'camera' | 'video' | 'picture';

export interface Preferences {
  readonly pipeline: string | undefined;
  readonly source: SourceName;
  readonly fps: number;
  /** JPEG quality in percent. */
  readonly quality: number;
  readonly adapt: boolean;
}

export const fpsLimits = { least: 1, most: 60, fallback: 30 } as const;
const qualityLimits = { least: 30, most: 95, fallback: 80 } as const;

/** Reads an address's query; what is not in it, or makes no sense, is as usual. */
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

/** Writes the query anew; what is as usual is left out, and so is what the page does not know. */
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
  { least, most, fallback }: { readonly least: number; readonly most: number; readonly fallback: number },
): number {
  const value = Math.round(Number(text || Number.NaN));
  return value >= least && value <= most ? value : fallback;
}
