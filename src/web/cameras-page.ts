/** Controls the page Cameras: polls the gateway, and shows the cameras in order, the problems, and the sessions that have ended. */
import { type ProblemSide, problemSides, type SessionsReply } from '../status.ts';
import { matches, type Row, rowsOf, type SortKey } from './camera-rows.ts';
import { CameraTable } from './camera-table.ts';
import { summaryText } from './camera-text.ts';
import { nameSnippets } from './connect-snippets.ts';
import { ConnectionBadge } from './connection-badge.ts';
import { onCopy } from './copy.ts';
import { element, write } from './elements.ts';
import { EndedList } from './ended-list.ts';
import { RowOrder } from './row-order.ts';
import { failureTexts, type PollFailure, SessionsPoll } from './sessions-poll.ts';

/** Columns that are read with the highest value first. */
const descendingFirst: ReadonlySet<SortKey> = new Set(['problem', 'dropped', 'reply', 'trip', 'idle']);
const title = 'framegate cameras';
const exampleName = 'gate-3';
const defaultPipeline = 'yolo_ocr';

export class CamerasPage {
  readonly #connection = new ConnectionBadge();
  readonly #order = new RowOrder();
  readonly #table = new CameraTable({ sortedBy: (key) => this.#sortBy(key) });
  readonly #ended = new EndedList();
  readonly #filter = element('filter', HTMLInputElement);
  readonly #status = element('problem-status', HTMLElement);
  #reply: SessionsReply | undefined;
  #problems: number | undefined;

  start(): void {
    this.#filter.addEventListener('input', () => this.#rearrange());
    this.#showSnippets();
    new SessionsPoll({
      reply: (reply) => this.#received(reply),
      failed: (failure) => this.#failed(failure),
    }).start();
  }

  #received(reply: SessionsReply): void {
    this.#reply = reply;
    element('failure', HTMLElement).hidden = true;
    this.#connection.show('good', 'Live');
    this.#ended.show(reply.ended);
    this.#render(this.#table.isHeld);
  }

  #failed(failure: PollFailure): void {
    const { title: what, advice } = failureTexts[failure];
    this.#connection.show('bad', 'Not live');
    write(element('failure-title', HTMLElement), what);
    write(element('failure-advice', HTMLElement), advice);
    element('failure', HTMLElement).hidden = false;
    if (this.#reply === undefined) write(element('summary', HTMLElement), 'No sessions received');
  }

  #sortBy(key: SortKey): void {
    const { by, isDescending } = this.#order.sorting;
    this.#order.sortBy({ by: key, isDescending: by === key ? !isDescending : descendingFirst.has(key) });
    this.#table.showSorting(this.#order.sorting);
    this.#rearrange();
  }

  /** The user has asked for it, so not even a row under the pointer stays. */
  #rearrange(): void {
    this.#order.sortSoon();
    this.#render(false);
  }

  #render(isHeld: boolean): void {
    if (this.#reply === undefined) return;
    const all = rowsOf(this.#reply);
    const filter = this.#filter.value.trim();
    const rows = filter === '' ? all : all.filter((row) => matches(row, filter));
    const arranged = this.#order.arrange(rows, performance.now(), isHeld);
    this.#table.render(arranged, new Set(rows.map(({ key }) => key)));
    element('empty', HTMLElement).hidden = all.length > 0;
    element('open', HTMLElement).hidden = all.length === 0;
    element('no-match', HTMLElement).hidden = arranged.length > 0;
    write(element('order-note', HTMLElement), noteText(isHeld, this.#reply));
    this.#showSummary(all);
  }

  #showSummary(rows: readonly Row[]): void {
    const sides = rows.flatMap(({ problem }) => (problem === undefined ? [] : [problem.side]));
    const summary = summaryText(sides.length, rows.length);
    write(element('summary', HTMLElement), summary);
    for (const side of new Set<ProblemSide>(Object.values(problemSides))) {
      write(element(`side-${side}`, HTMLElement), String(sides.filter((each) => each === side).length));
    }
    if (sides.length === this.#problems) return;
    // A screen reader hears of problems that come and go, not of every camera.
    if (this.#problems !== undefined || sides.length > 0) write(this.#status, summary);
    this.#problems = sides.length;
    document.title = sides.length === 0 ? title : `(${sides.length}) ${title}`;
  }

  #showSnippets(): void {
    const snippets = nameSnippets(new URL('.', document.baseURI), defaultPipeline, exampleName);
    for (const name of ['name', 'bridge'] as const) {
      const code = element(`snippet-${name}`, HTMLElement);
      write(code, snippets[name]);
      onCopy(element(`copy-${name}`, HTMLButtonElement), () => code.textContent);
    }
  }
}

function noteText(isHeld: boolean, { open, sessions }: SessionsReply): string {
  const order = isHeld
    ? 'The order stays while you point at a row or a row has the focus.'
    : 'Sorted again every five seconds.';
  const rest =
    open > sessions.length ? ` ${open} sessions are open; the gateway lists ${sessions.length} of them.` : '';
  return order + rest;
}
