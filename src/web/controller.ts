/** Controls the console: selection, the current run, and what the page displays. */
import type { ClientError, State } from '../client/index.ts';
import { ConnectCard } from './connect-card.ts';
import { ConnectionBadge } from './connection-badge.ts';
import { type Action, Controls } from './controls.ts';
import { Display } from './display.ts';
import { openingMessage, type SourceErrorCode, sourceErrorMessage, streamErrorMessage } from './error-messages.ts';
import { GatewayCard } from './gateway-card.ts';
import { Notice } from './notice.ts';
import {
  codeOfFetchError,
  fetchPipelines,
  fetchPipelinesUntilListed,
  type PipelineSummary,
  waitAdvice,
} from './pipelines.ts';
import { type Preferences, readPreferences, type SourceName, writePreferences } from './preferences.ts';
import { Run, type RunEvents } from './run.ts';
import { openSource, type Source, SourceError } from './sources.ts';

/** Figures are updated twice a second, so that they stay readable. */
const renderIntervalMs = 500;
const defaultPipeline = 'yolo_ocr';
/** Errors that an open connection clears. Other errors may recur after connecting. */
const clearedByConnection: ReadonlySet<string> = new Set(['unreachable', 'closed', 'timed_out']);

export class Controller {
  readonly #display = new Display();
  readonly #connectCard = new ConnectCard();
  readonly #notice = new Notice(() => void this.#reconnect());
  readonly #controls = new Controls({
    source: (name, file) => void this.#choose(name, file),
    toggled: () => this.#toggle(),
    changed: (change) => this.#change(change),
  });
  readonly #connection = new ConnectionBadge();
  #preferences: Preferences = readPreferences(location.search);
  #file: File | undefined;
  #source: Source | undefined;
  #run: Run | undefined;
  /** Whether the user wants frames to be sent. */
  #wantsRun = false;
  /** Counts source selections, so that a source that opens late does not replace a newer one. */
  #choices = 0;
  #pipelines: readonly PipelineSummary[] = [];
  #retryAtMs: number | undefined;
  #lastCode: string | undefined;
  /** The source could not be opened or read. */
  #hasSourceFailed = false;
  /** The client no longer reconnects by itself; the user has to change a setting or press a button. */
  #hasGivenUp = false;

  async start(): Promise<void> {
    setInterval(() => this.#render(), renderIntervalMs);
    new GatewayCard().start(() => void this.#updateList());
    document.addEventListener('visibilitychange', () => this.#visibilityChanged());
    this.#showControls();
    await this.#listPipelines();
    const { source } = this.#preferences;
    const wantsStill = matchMedia('(prefers-reduced-motion: reduce)').matches;
    if (!wantsStill) return this.#choose(source, undefined);
    this.#connection.show('idle', 'Not started');
    const advice = 'Your system is set to reduce motion. Press “Start” to begin.';
    this.#notice.show({ title: 'Ready', advice });
  }

  async #listPipelines(): Promise<void> {
    const pipelines = await fetchPipelinesUntilListed((error, retryInMs) => {
      const message = streamErrorMessage(codeOfFetchError(error));
      const retry = message.asksToken ? {} : { retryAtMs: performance.now() + retryInMs };
      this.#notice.show({ ...message, ...retry, isError: true });
      this.#connection.show('bad', 'Not connected');
    });
    this.#useList(pipelines);
  }

  #useList(pipelines: readonly PipelineSummary[]): void {
    this.#pipelines = pipelines;
    const ids = pipelines.map(({ id }) => id);
    const pipeline = this.#preferences.pipeline ?? (ids.includes(defaultPipeline) ? defaultPipeline : ids[0]);
    if (pipeline === undefined) return;
    this.#preferences = { ...this.#preferences, pipeline };
    this.#controls.listPipelines(pipelines, pipeline);
    this.#showControls();
  }

  async #choose(name: SourceName, file: File | undefined): Promise<void> {
    this.#choices += 1;
    const choice = this.#choices;
    this.#endRun();
    this.#closeSource();
    this.#file = file;
    this.#wantsRun = true;
    this.#hasSourceFailed = false;
    this.#prefer({ source: name });
    this.#connection.show('wait', 'Opening source');
    this.#notice.show(openingMessage(name, file?.name));
    try {
      const ended = (code: SourceErrorCode) => {
        if (choice === this.#choices) this.#sourceFailed(code);
      };
      const source = await openSource(name, file, ended);
      if (choice !== this.#choices) source.close();
      else {
        this.#source = source;
        this.#showControls();
        this.#begin();
      }
    } catch (error) {
      if (choice === this.#choices) this.#sourceFailed(error instanceof SourceError ? error.code : 'source_failed');
    }
  }

  #sourceFailed(code: SourceErrorCode): void {
    this.#endRun();
    this.#closeSource();
    this.#wantsRun = false;
    this.#hasSourceFailed = true;
    this.#showControls();
    this.#connection.show('idle', 'No source');
    const file = this.#file === undefined ? {} : { detail: this.#file.name };
    this.#notice.show({ ...sourceErrorMessage(code), ...file, isError: true });
  }

  /** Releases the source, and removes its frame from the page. */
  #closeSource(): void {
    this.#source?.close();
    this.#source = undefined;
    this.#display.clear();
  }

  #toggle(): void {
    const { source } = this.#preferences;
    if (this.#action === 'choose_file') {
      this.#controls.chooseFile(source);
      return;
    }
    if (!this.#wantsRun) {
      this.#wantsRun = true;
      this.#showControls();
      if (this.#source === undefined) void this.#choose(source, this.#file);
      else this.#begin();
      return;
    }
    this.#wantsRun = false;
    // Discard a source that is still opening.
    this.#choices += 1;
    this.#endRun();
    this.#source?.pause();
    // Release the camera, so that its light goes off while nothing is sent.
    if (this.#source?.name === 'camera') {
      this.#source.close();
      this.#source = undefined;
    }
    this.#notice.hide();
    this.#connection.show('idle', 'Paused');
    this.#showControls();
  }

  #change(change: Partial<Preferences>): void {
    this.#prefer(change);
    const isOther = 'pipeline' in change || 'adapt' in change;
    if (isOther) {
      if ('pipeline' in change) this.#display.clear();
      else this.#display.clearRates();
      this.#wantsRun ||= this.#hasGivenUp;
      if (this.#wantsRun) this.#begin();
      this.#showControls();
    } else this.#run?.tune(this.#preferences);
  }

  /** Lists the pipelines again, if the gateway can be reached. */
  #updateList(): Promise<void> {
    return fetchPipelines().then(
      (pipelines) => this.#useList(pipelines),
      () => undefined,
    );
  }

  async #reconnect(): Promise<void> {
    await this.#updateList();
    this.#wantsRun = true;
    this.#begin();
    this.#showControls();
  }

  #begin(): void {
    this.#endRun();
    const { pipeline, adapt, fps, quality } = this.#preferences;
    const source = this.#source;
    if (!this.#wantsRun || source === undefined || pipeline === undefined || document.hidden) return;
    this.#lastCode = undefined;
    this.#hasGivenUp = false;
    this.#connection.show('wait', 'Connecting');
    if (this.#display.hasFrame) this.#notice.hide();
    else this.#notice.show({ title: 'Waiting for the first result', advice: waitAdvice(this.#summaryOf(pipeline)) });
    source.play();
    const url = new URL('.', document.baseURI);
    this.#run = new Run({ url, pipeline, adapt, source, fps, quality, events: this.#eventsOf(source) });
  }

  #eventsOf(source: Source): RunEvents {
    return {
      sent: () => this.#display.sent(),
      result: (received) => {
        this.#display.result(received, source.caption);
        this.#notice.hide();
      },
      dropped: () => this.#display.dropped(),
      slowDown: () => this.#display.slowDown(),
      state: (state, retryInMs) => this.#stateChanged(state, retryInMs),
      failed: (error) => this.#failed(error),
      sourceFailed: () => this.#sourceFailed('source_failed'),
    };
  }

  #summaryOf(pipeline: string): PipelineSummary | undefined {
    return this.#pipelines.find(({ id }) => id === pipeline);
  }

  #endRun(): void {
    this.#run?.stop();
    this.#run = undefined;
  }

  #stateChanged(state: State, retryInMs: number | undefined): void {
    this.#retryAtMs = retryInMs === undefined ? undefined : performance.now() + retryInMs;
    switch (state) {
      case 'connecting':
        this.#connection.show('wait', this.#lastCode ? 'Reconnecting' : 'Connecting');
        break;
      case 'waiting':
        this.#connection.show('bad', 'Reconnecting');
        break;
      case 'closed':
        this.#hasGivenUp = true;
        this.#wantsRun = false;
        this.#showControls();
        this.#connection.show('bad', 'Disconnected');
        break;
      case 'open':
        if (this.#lastCode !== undefined && clearedByConnection.has(this.#lastCode)) this.#notice.hide();
        this.#display.newSession();
        this.#connection.show('good', 'Connected');
        break;
    }
  }

  #failed({ code, detail }: ClientError): void {
    this.#lastCode = code;
    const retry = this.#retryAtMs === undefined ? {} : { retryAtMs: this.#retryAtMs };
    const details = { detail: `${code}: ${detail}`, canReconnect: true, isError: true };
    this.#notice.show({ ...streamErrorMessage(code), ...details, ...retry });
  }

  /** Browsers deliver no frames to a hidden page, and a hidden page should not hold a session. */
  #visibilityChanged(): void {
    if (!document.hidden) this.#begin();
    else if (this.#run !== undefined) {
      this.#endRun();
      this.#source?.pause();
      this.#connection.show('idle', 'Paused while hidden');
    }
  }

  #prefer(change: Partial<Preferences>): void {
    this.#preferences = { ...this.#preferences, ...change };
    history.replaceState(null, '', writePreferences(this.#preferences) || location.pathname);
    this.#showControls();
  }

  #showControls(): void {
    this.#controls.show(this.#preferences, this.#action, this.#source?.maxFps ?? Number.POSITIVE_INFINITY);
    const { pipeline = defaultPipeline } = this.#preferences;
    this.#connectCard.show(pipeline);
    this.#display.usePipeline(pipeline, this.#summaryOf(pipeline)?.zones);
  }

  /** What the button next to the sources does now. A file that cannot be opened is not worth another attempt. */
  get #action(): Action {
    if (this.#wantsRun) return 'pause';
    if (!this.#hasSourceFailed) return 'start';
    return this.#file === undefined ? 'try_again' : 'choose_file';
  }

  #render(): void {
    if (document.hidden) return;
    const nowMs = performance.now();
    const { adapt, fps } = this.#preferences;
    this.#display.render(nowMs, {
      adapt,
      wantedFps: Math.min(fps, this.#source?.maxFps ?? fps),
      allowedFps: this.#run?.allowedFps ?? 0,
      isRunning: this.#run?.isOpen ?? false,
    });
    this.#notice.render(nowMs);
  }
}
