/** Everything that shows results: the frame, the figures, the texts, the scene, the classes and the last reply. */
import { checkedResult } from './checked-result.ts';
import { ClassList } from './class-list.ts';
import { element, write } from './elements.ts';
import { FrameView } from './frame-view.ts';
import { LastReply } from './last-reply.ts';
import { isPage } from './page-text.ts';
import { PageView } from './page-view.ts';
import { Panel } from './panel.ts';
import type { PipelineSummary } from './pipelines.ts';
import type { ReceivedResult } from './run.ts';
import { Scene } from './scene.ts';
import { StageTimes } from './stage-times.ts';
import { Statistics } from './statistics.ts';
import { TextList } from './text-list.ts';

export interface DisplayState {
  readonly adapt: boolean;
  /** Rate set by the slider and limited by the source, in frames per second. */
  readonly wantedFps: number;
  /** Current rate limit of the client, in frames per second. */
  readonly allowedFps: number;
  /** Whether frames are being sent. */
  readonly isRunning: boolean;
}

export class Display {
  readonly #panel = new Panel();
  readonly #scene = new Scene();
  readonly #frameView = new FrameView();
  readonly #texts = new TextList();
  readonly #page = new PageView();
  readonly #classes = new ClassList();
  readonly #reply = new LastReply();
  readonly #warnings = element('warnings', HTMLElement);
  #statistics = new Statistics();
  #times = new StageTimes();
  #slowDowns = 0;
  #slowDownAtMs: number | undefined;
  #hasFrame = false;
  /** The pipeline reads pages. Stays set for frames without text. */
  #isPage = false;

  /** Whether a frame is shown. */
  get hasFrame(): boolean {
    return this.#hasFrame;
  }

  /** Shows the zones of a pipeline. */
  usePipeline(id: string, zones: PipelineSummary['zones']): void {
    this.#scene.usePipeline(id, zones);
  }

  /** A session begins: its tracks start with number 1 again. */
  newSession(): void {
    this.#frameView.newSession();
    this.#texts.newSession();
  }

  /** Removes what belongs to another source or pipeline. The lists of recent texts and of events stay. */
  clear(): void {
    this.#frameView.clear();
    this.#scene.clear();
    this.#reply.clear();
    this.#page.hide();
    this.#classes.clear();
    this.#showWarnings([]);
    this.#times = new StageTimes();
    this.#hasFrame = false;
    this.#isPage = false;
    this.clearRates();
  }

  /** Removes rates and round trips, which are those of other settings. */
  clearRates(): void {
    this.#statistics = new Statistics();
    this.#slowDownAtMs = undefined;
  }

  sent(): void {
    this.#statistics.sent(performance.now());
  }

  dropped(): void {
    this.#statistics.dropped(performance.now());
  }

  slowDown(): void {
    this.#slowDowns += 1;
    this.#slowDownAtMs = performance.now();
  }

  /** @param source name of the source of the frame. */
  result(received: ReceivedResult, source: string): void {
    const nowMs = performance.now();
    const { roundTripMs } = received;
    const result = checkedResult(received.result);
    const checked = { ...received, result };
    this.#statistics.result(nowMs, roundTripMs);
    this.#times.add(result.timings_ms, roundTripMs);
    this.#isPage ||= isPage(result);
    if (this.#isPage) this.#page.show(checked);
    else this.#texts.add(checked, source, nowMs);
    this.#frameView.show(checked, this.#isPage, nowMs, this.#scene.picture);
    this.#scene.result(received.result);
    this.#classes.set(result.classes);
    // The reply is shown as it came.
    this.#reply.set(received);
    this.#showWarnings(result.warnings ?? []);
    this.#hasFrame = true;
  }

  /** Updates everything that depends on time. */
  render(nowMs: number, state: DisplayState): void {
    const snapshot = this.#statistics.snapshot(nowMs);
    const sinceSlowDownMs = this.#slowDownAtMs === undefined ? undefined : nowMs - this.#slowDownAtMs;
    this.#panel.render({
      ...{ ...state, snapshot, sinceSlowDownMs, dropRate: snapshot.dropRate, slowDowns: this.#slowDowns },
      times: this.#times.rows(),
    });
    this.#texts.render(nowMs);
    this.#classes.render(nowMs);
    this.#scene.render();
    this.#reply.render();
  }

  #showWarnings(warnings: readonly string[]): void {
    write(this.#warnings, warnings.length === 0 ? '' : `Damaged frame: ${warnings.join('; ')}`);
  }
}
