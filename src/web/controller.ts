/** Controls the console: selection, the current run, and what the page displays. */
import type { ClientError, State } from '../client/index.ts';
import { Controls } from './controls.ts';
import { element, write } from './elements.ts';
import { type SourceErrorCode, sourceErrorMessage, streamErrorMessage } from './error-messages.ts';
import { FrameView } from './frame-view.ts';
import { Notice } from './notice.ts';
import { Panel } from './panel.ts';
import { fetchPipelines } from './pipelines.ts';
import { type Preferences, readPreferences, type SourceName, writePreferences } from './preferences.ts';
import { type ReceivedResult, Run } from './run.ts';
import { openSource, type Source, SourceError } from './sources.ts';
import { StageTimes } from './stage-times.ts';
import { Statistics } from './statistics.ts';
import { TextList } from './text-list.ts';

/** Figures are updated twice a second, so that they stay readable. */
const renderIntervalMs = 500;
/** Retry interval for the list of pipelines. */
const listRetryMs = 2000;
const defaultPipeline = 'yolo_ocr';
/** Errors that an open connection clears. Other errors may recur after connecting. */
const clearedByConnection: ReadonlySet<string> = new Set(['unreachable', 'closed', 'timed_out']);

export class Controller {
  readonly #panel = new Panel();
  readonly #frameView = new FrameView();
  readonly #texts = new TextList();
  readonly #notice = new Notice(() => void this.#reconnect());
  readonly #controls = new Controls({
    source: (name, file) => void this.#choose(name, file),
    toggled: () => this.#toggle(),
    changed: (change) => this.#change(change),
  });
  readonly #connection = element('connection', HTMLElement);
  readonly #connectionText = element('connection-text', HTMLElement);
  #preferences: Preferences = readPreferences(location.search);
  #file: File | undefined;
  #source: Source | undefined;
  #run: Run | undefined;
  /** Whether the user wants frames to be sent. */
  #wantsRun = false;
  /** Counts source selections, so that a source that opens late does not replace a newer one. */
  #choices = 0;
  #statistics = new Statistics();
  #times = new StageTimes();
  #slowDowns = 0;
  #slowDownAtMs: number | undefined;
  #retryAtMs: number | undefined;
  #lastCode: string | undefined;
  #hasShown = false;
  /** The client no longer reconnects by itself; the user has to change a setting or press a button. */
  #hasGivenUp = false;

  async start(): Promise<void> {
    setInterval(() => this.#render(), renderIntervalMs);
    document.addEventListener('visibilitychange', () => this.#visibilityChanged());
    this.#showControls();
    await this.#listPipelines();
    const { source } = this.#preferences;
    const wantsStill = matchMedia('(prefers-reduced-motion: reduce)').matches;
    if (!wantsStill) return this.#choose(source, undefined);
    this.#connect('idle', 'Not started');
    const advice = 'Your system is set to reduce motion. Press “Start” to begin.';
    this.#notice.show({ title: 'Ready', advice });
  }

  async #listPipelines(): Promise<void> {
    for (;;) {
      try {
        return this.#useList(await fetchPipelines());
      } catch (error) {
        const message = streamErrorMessage(error instanceof SyntaxError ? 'invalid_reply' : 'unreachable');
        this.#notice.show({ ...message, retryAtMs: performance.now() + listRetryMs, isError: true });
        this.#connect('bad', 'Not connected');
        await new Promise((resolve) => setTimeout(resolve, listRetryMs));
      }
    }
  }

  #useList(pipelines: Awaited<ReturnType<typeof fetchPipelines>>): void {
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
    this.#source?.close();
    this.#source = undefined;
    this.#file = file;
    this.#wantsRun = true;
    this.#prefer({ source: name });
    this.#connect('wait', 'Opening source');
    this.#notice.show(
      name === 'camera'
        ? { title: 'Waiting for the camera', advice: 'Your browser may ask for permission to use it.' }
        : { title: 'Opening source', advice: file?.name ?? 'Preparing the sample scene.' },
    );
    try {
      const ended = (code: SourceErrorCode) => {
        if (choice === this.#choices) this.#sourceFailed(code);
      };
      const source = await openSource(name, file, ended);
      if (choice !== this.#choices) source.close();
      else {
        this.#source = source;
        this.#begin();
      }
    } catch (error) {
      if (choice === this.#choices) this.#sourceFailed(error instanceof SourceError ? error.code : 'source_failed');
    }
  }

  #sourceFailed(code: SourceErrorCode): void {
    this.#endRun();
    this.#source?.close();
    this.#source = undefined;
    this.#wantsRun = false;
    this.#showControls();
    this.#connect('idle', 'No source');
    this.#notice.show({ ...sourceErrorMessage(code), isError: true });
  }

  #toggle(): void {
    if (!this.#wantsRun) {
      this.#wantsRun = true;
      this.#showControls();
      if (this.#source === undefined) void this.#choose(this.#preferences.source, this.#file);
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
    this.#connect('idle', 'Paused');
    this.#showControls();
  }

  #change(change: Partial<Preferences>): void {
    this.#prefer(change);
    const isOther = 'pipeline' in change || 'adapt' in change;
    if (isOther) {
      this.#statistics = new Statistics();
      this.#slowDownAtMs = undefined;
      this.#wantsRun ||= this.#hasGivenUp;
      if (this.#wantsRun) this.#begin();
      this.#showControls();
    } else this.#run?.tune(this.#preferences);
  }

  async #reconnect(): Promise<void> {
    await fetchPipelines().then(
      (pipelines) => this.#useList(pipelines),
      () => undefined,
    );
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
    this.#connect('wait', 'Connecting');
    if (this.#hasShown) this.#notice.hide();
    else
      this.#notice.show({
        title: 'Waiting for the first result',
        advice: 'The gateway may still be loading its models.',
      });
    source.play();
    const url = new URL('.', document.baseURI);
    const events = {
      sent: () => this.#statistics.sent(performance.now()),
      result: (received: ReceivedResult) => this.#result(received),
      dropped: () => this.#statistics.dropped(performance.now()),
      slowDown: () => {
        this.#slowDowns += 1;
        this.#slowDownAtMs = performance.now();
      },
      state: (state: State, retryInMs: number | undefined) => this.#stateChanged(state, retryInMs),
      failed: (error: ClientError) => this.#failed(error),
      sourceFailed: () => this.#sourceFailed('source_failed'),
    };
    this.#run = new Run({ url, pipeline, adapt, source, fps, quality, events });
  }

  #endRun(): void {
    this.#run?.stop();
    this.#run = undefined;
  }

  #result(received: ReceivedResult): void {
    const nowMs = performance.now();
    this.#statistics.result(nowMs, received.roundTripMs);
    this.#times.add(received.result.timings_ms, received.roundTripMs);
    this.#texts.add(received, nowMs);
    this.#frameView.show(received, nowMs);
    this.#hasShown = true;
    this.#notice.hide();
  }

  #stateChanged(state: State, retryInMs: number | undefined): void {
    this.#retryAtMs = retryInMs === undefined ? undefined : performance.now() + retryInMs;
    switch (state) {
      case 'connecting':
        this.#connect('wait', this.#lastCode ? 'Reconnecting' : 'Connecting');
        break;
      case 'waiting':
        this.#connect('bad', 'Reconnecting');
        break;
      case 'closed':
        this.#hasGivenUp = true;
        this.#wantsRun = false;
        this.#showControls();
        this.#connect('bad', 'Disconnected');
        break;
      case 'open':
        if (this.#lastCode !== undefined && clearedByConnection.has(this.#lastCode)) this.#notice.hide();
        this.#connect('good', 'Connected');
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
      this.#connect('idle', 'Paused while hidden');
    }
  }

  #prefer(change: Partial<Preferences>): void {
    this.#preferences = { ...this.#preferences, ...change };
    history.replaceState(null, '', writePreferences(this.#preferences) || location.pathname);
    this.#showControls();
  }

  #showControls(): void {
    this.#controls.show(this.#preferences, this.#wantsRun);
  }

  #connect(state: 'good' | 'wait' | 'bad' | 'idle', text: string): void {
    this.#connection.dataset['state'] = state;
    write(this.#connectionText, text);
  }

  #render(): void {
    if (document.hidden) return;
    const nowMs = performance.now();
    const { adapt, fps } = this.#preferences;
    const snapshot = this.#statistics.snapshot(nowMs);
    const sinceSlowDownMs = this.#slowDownAtMs === undefined ? undefined : nowMs - this.#slowDownAtMs;
    this.#panel.render({
      ...{ snapshot, adapt, sinceSlowDownMs, dropRate: snapshot.dropRate, slowDowns: this.#slowDowns },
      wantedFps: Math.min(fps, this.#source?.maxFps ?? fps),
      allowedFps: this.#run?.allowedFps ?? 0,
      times: this.#times.rows(),
      isRunning: this.#run?.isOpen ?? false,
    });
    this.#texts.render(nowMs);
    this.#notice.render(nowMs);
  }
}
