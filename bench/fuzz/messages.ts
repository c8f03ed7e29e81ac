/** Messages between a campaign and its child processes. */

/** Run cases `from` to `from + count`; the process reports before every `step` cases. */
export interface Order {
  readonly from: number;
  readonly count: number;
  readonly step: number;
}

/** A case with an invalid outcome. */
export interface Failure {
  readonly number: number;
  readonly what: string;
  /** Reason why the outcome is invalid. */
  readonly problem: string;
}

export interface Done {
  readonly type: 'done';
  /** Number of cases per outcome. */
  readonly tally: Readonly<Record<string, number>>;
  readonly failures: readonly Failure[];
  readonly slowest: { readonly number: number; readonly ms: number };
  /** After garbage collection. */
  readonly residentBytes: number;
}

export type FromRunner = { readonly type: 'ready' } | { readonly type: 'at'; readonly number: number } | Done;
