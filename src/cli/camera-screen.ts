/** Shows cameras on a terminal: one status row per camera, redrawn in place, with a log above. */
import type { BridgeEvent } from '../camera/bridge.ts';
import type { Target, TargetNotice } from '../camera/publish/target.ts';
import type { SourceEnd, SourceState } from '../camera/source-supervisor.ts';
import type { Counts, Tally } from '../camera/tally.ts';
import { type CameraOutput, describeCounts } from './camera-lines.ts';
import { cut, paddingOf, printable, printableLine, widthOf } from './printable.ts';

/** The part of a terminal that this needs. */
export interface Terminal {
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

/** One camera's row. */
interface Row {
  readonly name: string;
  readonly tally: Tally;
  state: SourceState['state'] | 'failed' | 'ended';
  gatewayIsLost: boolean;
}

const redrawMs = 500;
/** For terminals that do not report their size. */
const defaultColumns = 80;
const defaultRows = 24;
const headings = ['camera', 'state', 'fps', 'sent', 'answered', 'dropped', 'ms', 'last text'] as const;
/** Columns to hide on a narrow terminal, in this order; the most important ones stay. */
const columnDropOrder = (['dropped', 'sent', 'ms', 'answered', 'last text', 'fps'] as const).map((name) =>
  headings.indexOf(name),
);
const gap = '  ';
/** Columns with right-aligned numbers. */
const rightFrom = 2;
const rightTo = 6;
const maxCellWidth = 24;

const cursorUp = (lines: number) => `\x1b[${lines}A\r`;
const clearBelow = '\x1b[J';

export class CameraScreen implements CameraOutput {
  readonly #terminal: Terminal;
  readonly #rows = new Map<string, Row>();
  readonly #targets: Target[] = [];
  readonly #timer: NodeJS.Timeout;
  #drawn = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.#timer = setInterval(() => this.draw(), redrawMs);
  }

  add(name: string, { tally }: { readonly tally: Tally }): void {
    this.#rows.set(name, { name, tally, state: 'opening', gatewayIsLost: false });
  }

  addTarget(target: Target): void {
    this.#targets.push(target);
  }

  event(name: string, event: BridgeEvent): void {
    const row = this.#rows.get(name);
    if (row === undefined) return;
    if (event.type === 'source') this.#onSourceState(row, event.state);
    else if (event.type === 'repaired') this.#log(`${name}: stream repaired: ${event.detail}`);
    else if (event.type === 'events_lost') this.#log(`${name}: ${event.detail}`);
    else if (event.type === 'gateway') {
      row.gatewayIsLost = event.state === 'lost';
      this.#log(`${name}: gateway: ${event.state === 'lost' ? event.detail : 'connected'}`);
    }
  }

  ended(name: string, { type, detail }: SourceEnd, { pictures, sent, answered, dropped, lost }: Counts): void {
    const row = this.#rows.get(name);
    if (row !== undefined) row.state = type === 'failed' ? 'failed' : 'ended';
    const counts = `${pictures} frames, ${sent} sent, ${answered} answered, ${dropped} dropped, ${lost} lost`;
    this.#log(`${name}: ${detail} (${counts})`);
  }

  unusable(name: string, issue: string): void {
    this.#log(`${name}: ${issue}`);
  }

  target(name: string, notice: TargetNotice): void {
    this.#log(`${name}: ${notice.type === 'connected' ? 'connected' : notice.detail}`);
  }

  targetEnded({ name, counts }: Pick<Target, 'name' | 'counts'>): void {
    this.#log(`${name}: ${describeCounts(counts)}`);
  }

  close(): void {
    clearInterval(this.#timer);
    this.draw();
  }

  draw(): void {
    this.#terminal.write(`${this.#erase()}${this.#table()}`);
  }

  #onSourceState(row: Row, state: SourceState): void {
    row.state = state.state;
    if (state.state === 'waiting') {
      this.#log(`${row.name}: ${state.detail}; retrying in ${(state.retryInMs / 1000).toFixed(1)} s`);
    } else if (state.state === 'live') {
      this.#log(`${row.name}: live${state.mode === 'copy' ? ', passing JPEGs through' : ''}`);
    }
  }

  /** Prints a permanent line above the table. */
  #log(text: string): void {
    this.#terminal.write(`${this.#erase()}${printableLine(text)}\n${this.#table()}`);
  }

  #erase(): string {
    return this.#drawn === 0 ? '' : `${cursorUp(this.#drawn)}${clearBelow}`;
  }

  #table(): string {
    const columns = this.#terminal.columns ?? defaultColumns;
    const targets = this.#targets.map((target) => targetLine(target, columns));
    const room = (this.#terminal.rows ?? defaultRows) - 2 - targets.length;
    const rows = [...this.#rows.values()];
    const fitting = Math.max(1, room - 1);
    const shown = rows.length <= fitting ? rows : bySeverity(rows).slice(0, Math.max(1, fitting - 1));
    const lines = layOut([[...headings], ...shown.map(cellsOf)], columns);
    if (shown.length < rows.length) lines.push(`and ${rows.length - shown.length} more`);
    lines.push(...targets);
    this.#drawn = lines.length;
    return lines.map((line) => `${line}\n`).join('');
  }
}

/** A target's line below the table. */
function targetLine({ name, state, counts }: Target, columns: number): string {
  const { published, waiting, lost } = counts;
  const line = `${printable(name)}  ${state}, events: ${published} published, ${waiting} waiting, ${lost} lost`;
  return cut(line, Math.max(1, columns - 1));
}

/** The order of rows if not all fit: cameras that are not live come first, since they may need attention. */
function bySeverity(rows: readonly Row[]): Row[] {
  const isHealthy = ({ state, gatewayIsLost }: Row) => Number(state === 'live' && !gatewayIsLost);
  return rows.toSorted((a, b) => isHealthy(a) - isHealthy(b));
}

function cellsOf({ name, tally, state, gatewayIsLost }: Row): string[] {
  const { sent, answered, dropped } = tally.counts;
  const roundTrip = tally.roundTripMs;
  return [
    name,
    gatewayIsLost && state === 'live' ? 'no gateway' : state,
    tally.fps(performance.now()).toFixed(1),
    ...[sent, answered, dropped].map(String),
    roundTrip === undefined ? '' : String(Math.round(roundTrip)),
    tally.text ?? '',
  ];
}

/** Lays out lines that are narrower than the terminal: wrapped lines would break the next redraw. */
export function layOut(rows: readonly (readonly string[])[], columns: number): string[] {
  const cells = rows.map((row) => row.map(fitCell));
  const widths = headings.map((_, column) => Math.max(...cells.map((row) => widthOf(row[column] ?? ''))));
  const shown = shownColumns(widths, columns - 1);
  return cells.map((row) => {
    const line = shown.map((column) => pad(row[column] ?? '', widths[column] ?? 0, column)).join(gap);
    return cut(line, Math.max(1, columns - 1)).trimEnd();
  });
}

/** A long camera name keeps its end, since addresses often start the same. */
function fitCell(cell: string, column: number): string {
  return cut(printable(cell), maxCellWidth, column === 0 ? 'start' : 'end');
}

function shownColumns(widths: readonly number[], room: number): number[] {
  let shown = [...widths.keys()];
  for (const column of columnDropOrder) {
    const width = shown.reduce((sum, index) => sum + (widths[index] ?? 0) + gap.length, -gap.length);
    if (width <= room) break;
    shown = shown.filter((index) => index !== column);
  }
  return shown;
}

function pad(cell: string, width: number, column: number): string {
  const blank = paddingOf(cell, width);
  return column >= rightFrom && column <= rightTo ? blank + cell : cell + blank;
}
