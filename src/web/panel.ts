/** The live panel: figures, backpressure, round-trip chart and stage times. */
import { chartShapes } from './chart.ts';
import { element, write } from './elements.ts';
import { type PressureInput, pressureOf, pressureText } from './pressure.ts';
import type { StageTime } from './stage-times.ts';
import type { Snapshot } from './statistics.ts';

export interface PanelState extends PressureInput {
  readonly snapshot: Snapshot;
  readonly slowDowns: number;
  readonly times: readonly StageTime[];
  /** Whether frames are being sent. */
  readonly isRunning: boolean;
}

/** Size of the chart's viewBox; the page scales it. */
const chartWidth = 600;
const chartHeight = 120;
const none = '–';

export class Panel {
  readonly #resultFps = element('answered-fps', HTMLElement);
  readonly #sent = element('sent-fps', HTMLElement);
  readonly #now = element('trip-now', HTMLElement);
  readonly #p50 = element('trip-p50', HTMLElement);
  readonly #p95 = element('trip-p95', HTMLElement);
  readonly #dropRate = element('drop-rate', HTMLElement);
  readonly #slowDowns = element('slow-downs', HTMLElement);
  readonly #allowed = element('allowed-fps', HTMLElement);
  readonly #allowedBy = element('allowed-by', HTMLElement);
  readonly #pressure = element('pressure', HTMLElement);
  readonly #pressureText = element('pressure-words', HTMLElement);
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
    write(this.#resultFps, isRunning ? formatFps(snapshot.resultFps) : none);
    write(this.#sent, isRunning ? `${formatFps(snapshot.sentFps)} fps` : 'nothing');
    write(this.#now, isRunning && trip ? formatMs(trip.now) : none);
    write(this.#p50, trip ? formatMs(trip.p50) : none);
    write(this.#p95, trip ? formatMs(trip.p95) : none);
    write(this.#dropRate, isRunning ? String(Math.round(snapshot.dropRate * 100)) : none);
    write(this.#slowDowns, String(slowDowns));
    write(this.#allowed, isRunning ? formatFps(Math.min(allowedFps, wantedFps)) : none);
    write(this.#allowedBy, adapt ? 'set by Adapt' : 'set by the rate slider');
  }

  #renderPressure(state: PanelState): void {
    const now = state.isRunning ? pressureOf(state) : undefined;
    for (const step of this.#pressure.children) {
      const isNow = (step as HTMLElement).dataset['pressure'] === now;
      if (isNow) step.setAttribute('aria-current', 'true');
      else step.removeAttribute('aria-current');
    }
    write(this.#pressureText, state.isRunning ? pressureText(state) : 'No frames are being sent.');
  }

  #renderChart({ moments, roundTripMs: trip }: Snapshot): void {
    const { topMs, line, band, drops } = chartShapes(moments, chartWidth, chartHeight);
    this.#line.setAttribute('d', line);
    this.#band.setAttribute('d', band);
    this.#drops.setAttribute('d', drops);
    write(this.#chartTop, `${topMs} ms`);
    const label = trip
      ? `Round-trip time over the last minute: median ${formatMs(trip.p50)} ms, 95th percentile ${formatMs(trip.p95)} ms`
      : 'No results yet';
    if (this.#chart.getAttribute('aria-label') !== label) this.#chart.setAttribute('aria-label', label);
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

function formatFps(fps: number): string {
  return fps < 9.95 ? fps.toFixed(1) : fps.toFixed(0);
}

function formatMs(ms: number): string {
  return ms < 9.95 ? ms.toFixed(1) : ms.toFixed(0);
}
