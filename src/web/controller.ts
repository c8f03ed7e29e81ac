/** Runs the console: what is chosen, what is running, and what the page says about it. */
import type { ClientError, State } from '../client/index.ts';
import { Controls } from './controls.ts';
import { element, write } from './elements.ts';
import { Notice } from './notice.ts';
import { Panel } from './panel.ts';
import { fetchPipelines } from './pipelines.ts';
import { type Preferences, readPreferences, type SourceName, writePreferences } from './preferences.ts';
import { type Answer, Run } from './run.ts';
import { openSource, type Source, SourceError } from './sources.ts';
import { Stage } from './stage.ts';
import { StageTimes } from './stage-times.ts';
import { Statistics } from './statistics.ts';
import { TextList } from './text-list.ts';
import { type SourceTrouble, wordsOfSource, wordsOfStream } from './trouble.ts';

/** Figures change twice a second: more often nobody can read them. */
const renderEveryMs = 500;
/** A gateway whose pipelines cannot be listed is asked again. */
const listAgainMs = 2000;
const defaultPipeline = 'yolo_ocr';
/** Errors that are over as soon as there is a connection; of others a connection says nothing yet. */
const overWhenOpen: ReadonlySet<string> = new Set(['unreachable', 'closed', 'timed_out']);

export class Controller {
  readonly #panel = new Panel();
  readonly #stage = new Stage();
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
  /** Whether frames are to be sent, as far as the user is concerned. */
  #wantsRun = false;
  /** Choices are counted, so that a source that opens late does not replace a later one. */
  #choices = 0;
  #statistics = new Statistics();
  #times = new StageTimes();
  #slowDowns = 0;
  #slowDownAtMs: number | undefined;
  #retryAtMs: number | undefined;
  #lastCode: string | undefined;
  #hasShown = false;
  /** The client has given up, and waits for the user to change something or to insist. */
  #hasGivenUp = false;

  async start(): Promise<void> {
    setInterval(() => this.#render(), renderEveryMs);
    document.addEventListener('visibilitychange', () => this.#visibilityChanged());
    this.#showControls();
    await this.#listPipelines();
    const { source } = this.#preferences;
    const wantsStill = matchMedia('(prefers-reduced-motion: reduce)').matches;
    if (!wantsStill) return this.#choose(source, undefined);
    this.#connect('idle', 'Not started');
    const advice = 'Your system asks for little motion, so nothing moves until you press “Start”.';
    this.#notice.show({ title: 'Ready', advice });
  }

  async #listPipelines(): Promise<void> {
    for (;;) {
      try {
        return this.#useList(await fetchPipelines());
      } catch (error) {
        const words = wordsOfStream(error instanceof SyntaxError ? 'invalid_reply' : 'unreachable');
        this.#notice.show({ ...words, retryAtMs: performance.now() + listAgainMs, isTrouble: true });
        this.#connect('bad', 'Not connected');
        await new Promise((resolve) => setTimeout(resolve, listAgainMs));
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
    this.#connect('wait', 'Opening the source');
    this.#notice.show(
      name === 'camera'
        ? { title: 'Waiting for the camera', advice: 'Your browser may ask whether this page may use it.' }
        : { title: 'Opening the source', advice: file?.name ?? 'Drawing the street.' },
    );
    try {
      const ended = (trouble: SourceTrouble) => {
        if (choice === this.#choices) this.#sourceFailed(trouble);
      };
      const source = await openSource(name, file, ended);
      if (choice !== this.#choices) source.close();
      else {
        this.#source = source;
        this.#begin();
      }
    } catch (error) {
      if (choice === this.#choices) this.#sourceFailed(error instanceof SourceError ? error.trouble : 'source_failed');
    }
  }

  #sourceFailed(trouble: SourceTrouble): void {
    this.#endRun();
    this.#source?.close();
    this.#source = undefined;
    this.#wantsRun = false;
    this.#showControls();
    this.#connect('idle', 'No source');
    this.#notice.show({ ...wordsOfSource(trouble), isTrouble: true });
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
    // A source that is still opening is not wanted any more.
    this.#choices += 1;
    this.#endRun();
    this.#source?.pause();
    // Nobody wants to see a camera's light while nothing is sent.
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
    else this.#notice.show({ title: 'Waiting for the first answer', advice: 'The gateway may still load its models.' });
    source.play();
    const url = new URL('.', document.baseURI);
    const events = {
      sent: () => this.#statistics.sent(performance.now()),
      answered: (answer: Answer) => this.#answered(answer),
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

  #answered(answer: Answer): void {
    const nowMs = performance.now();
    this.#statistics.answered(nowMs, answer.roundTripMs);
    this.#times.add(answer.result.timings_ms, answer.roundTripMs);
    this.#texts.add(answer, nowMs);
    this.#stage.show(answer, nowMs);
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
        if (this.#lastCode !== undefined && overWhenOpen.has(this.#lastCode)) this.#notice.hide();
        this.#connect('good', 'Connected');
        break;
    }
  }

  #failed({ code, detail }: ClientError): void {
    this.#lastCode = code;
    const retry = this.#retryAtMs === undefined ? {} : { retryAtMs: this.#retryAtMs };
    const said = { detail: `${code}: ${detail}`, canReconnect: true, isTrouble: true };
    this.#notice.show({ ...wordsOfStream(code), ...said, ...retry });
  }

  /** A browser gives no pictures to a hidden page, and one that nobody sees should not hold a session. */
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

  #connect(state: 'good' | 'wait' | 'bad' | 'idle', words: string): void {
    this.#connection.dataset['state'] = state;
    write(this.#connectionText, words);
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
