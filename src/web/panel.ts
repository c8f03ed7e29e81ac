/** The live panel: figures, backpressure, the chart of the last minute and the stages' times. */
import { chartShapes } from './chart.ts';
import { element, write } from './elements.ts';
import { type PressureSigns, pressureOf, pressureWords } from './pressure.ts';
import type { StageTime } from './stage-times.ts';
import type { Snapshot } from './statistics.ts';

export interface PanelState extends PressureSigns {
  readonly snapshot: Snapshot;
  readonly slowDowns: number;
  readonly times: readonly StageTime[];
  /** Whether frames are being sent at all. */
  readonly isRunning: boolean;
}

/** The chart's own units; the page stretches it. */
const chartWidth = 600;
const chartHeight = 120;
const none = '–';

export class Panel {
  readonly #answered = element('answered-fps', HTMLElement);
  readonly #sent = element('sent-fps', HTMLElement);
  readonly #now = element('trip-now', HTMLElement);
  readonly #p50 = element('trip-p50', HTMLElement);
  readonly #p95 = element('trip-p95', HTMLElement);
  readonly #dropRate = element('drop-rate', HTMLElement);
  readonly #slowDowns = element('slow-downs', HTMLElement);
  readonly #allowed = element('allowed-fps', HTMLElement);
  readonly #allowedBy = element('allowed-by', HTMLElement);
  readonly #pressure = element('pressure', HTMLElement);
  readonly #pressureWords = element('pressure-words', HTMLElement);
  readonly #chart = element('chart', SVGSVGElement);
  readonly #chartTop = element('chart-top', HTMLElement);
  readonly #line = element('chart-line', SVGPathElement);
  readonly #band = element('chart-band', SVGPathElement);
  readonly #drops = element('chart-drops', SVGPathElement);
  readonly #times = element('times', HTMLElement);
  readonly #timesEmpty = element('times-empty', HTMLElement);

  render(state: PanelState): void {
    this.#renderFigures(state);
    this.#renderPressure(state);
    this.#renderChart(state.snapshot);
    this.#renderTimes(state.times);
  }

  #renderFigures({ snapshot, slowDowns, isRunning, adapt, allowedFps, wantedFps }: PanelState): void {
    const { roundTripMs: trip } = snapshot;
    write(this.#answered, isRunning ? fpsWords(snapshot.answeredFps) : none);
    write(this.#sent, isRunning ? `${fpsWords(snapshot.sentFps)} fps` : 'nothing');
    write(this.#now, trip ? msWords(trip.now) : none);
    write(this.#p50, trip ? msWords(trip.p50) : none);
    write(this.#p95, trip ? msWords(trip.p95) : none);
    write(this.#dropRate, isRunning ? String(Math.round(snapshot.dropRate * 100)) : none);
    write(this.#slowDowns, String(slowDowns));
    write(this.#allowed, isRunning ? fpsWords(Math.min(allowedFps, wantedFps)) : none);
    write(this.#allowedBy, adapt ? 'by the client’s pace' : 'by the slider only');
  }

  #renderPressure(state: PanelState): void {
    const now = state.isRunning ? pressureOf(state) : undefined;
    for (const step of this.#pressure.children) {
      const isNow = (step as HTMLElement).dataset['pressure'] === now;
      if (isNow) step.setAttribute('aria-current', 'true');
      else step.removeAttribute('aria-current');
    }
    write(this.#pressureWords, state.isRunning ? pressureWords(state) : 'Nothing is being sent.');
  }

  #renderChart({ moments, roundTripMs: trip }: Snapshot): void {
    const { topMs, line, band, drops } = chartShapes(moments, chartWidth, chartHeight);
    this.#line.setAttribute('d', line);
    this.#band.setAttribute('d', band);
    this.#drops.setAttribute('d', drops);
    write(this.#chartTop, `${topMs} ms`);
    const words = trip
      ? `Round trips of the last minute: median ${msWords(trip.p50)} ms, 95th percentile ${msWords(trip.p95)} ms`
      : 'No answers yet';
    if (this.#chart.getAttribute('aria-label') !== words) this.#chart.setAttribute('aria-label', words);
  }

  #renderTimes(times: readonly StageTime[]): void {
    this.#timesEmpty.hidden = times.length > 0;
    while (this.#times.children.length > times.length) this.#times.lastElementChild?.remove();
    times.forEach((time, index) => {
      const row = this.#times.children[index] ?? this.#times.appendChild(createTimeRow());
      const [name, track, ms] = row.children as unknown as [HTMLElement, HTMLElement, HTMLElement];
      write(name, time.name);
      name.title = time.name;
      write(ms, `${time.ms.toFixed(1)} ms`);
      const bar = track.firstElementChild as HTMLElement;
      bar.style.marginInlineStart = `${(time.from * 100).toFixed(1)}%`;
      bar.style.inlineSize = `${(time.part * 100).toFixed(1)}%`;
    });
  }
}

function createTimeRow(): HTMLElement {
  const row = document.createElement('li');
  const name = Object.assign(document.createElement('span'), { className: 'name' });
  const track = Object.assign(document.createElement('span'), { className: 'track' });
  const ms = Object.assign(document.createElement('span'), { className: 'ms' });
  track.append(document.createElement('i'));
  row.append(name, track, ms);
  return row;
}

function fpsWords(fps: number): string {
  return fps < 9.95 ? fps.toFixed(1) : fps.toFixed(0);
}

function msWords(ms: number): string {
  return ms < 9.95 ? ms.toFixed(1) : ms.toFixed(0);
}
