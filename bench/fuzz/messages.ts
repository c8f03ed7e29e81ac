/** What a campaign and the processes that run its cases say to each other. */

/** Cases `from` to `from + count`; the process tells of every `step` before it runs them. */
export interface Order {
  readonly from: number;
  readonly count: number;
  readonly step: number;
}

/** A case that became something that it may not. */
export interface Failure {
  readonly number: number;
  readonly what: string;
  /** Why it is none of what may become of it. */
  readonly problem: string;
}

export interface Done {
  readonly type: 'done';
  /** How often each outcome came. */
  readonly tally: Readonly<Record<string, number>>;
  readonly failures: readonly Failure[];
  readonly slowest: { readonly number: number; readonly ms: number };
  /** After a collection of garbage. */
  readonly residentBytes: number;
}

export type FromRunner = { readonly type: 'ready' } | { readonly type: 'at'; readonly number: number } | Done;
