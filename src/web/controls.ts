/** The controls below the video: reads user input and displays the preferences. */
import { element, write } from './elements.ts';
import { onFileDrop, sourceForFile } from './file-drop.ts';
import type { PipelineSummary } from './pipelines.ts';
import { imageFps, type Preferences, type SourceName } from './preferences.ts';

/** What the button next to the sources does. */
export type Action = 'start' | 'pause' | 'try_again' | 'choose_file';

const actionTexts: Readonly<Record<Action, string>> = {
  start: 'Start',
  pause: 'Pause',
  try_again: 'Try again',
  choose_file: 'Choose file…',
};

export interface ControlEvents {
  /** `file` is set for sources that are files. */
  source(name: SourceName, file: File | undefined): void;
  toggled(): void;
  changed(change: Partial<Pick<Preferences, 'pipeline' | 'fps' | 'quality' | 'adapt'>>): void;
}

export class Controls {
  readonly #form = element('controls', HTMLFormElement);
  readonly #toggle = element('toggle', HTMLButtonElement);
  readonly #pipeline = element('pipeline', HTMLSelectElement);
  readonly #pipelineHint = element('pipeline-hint', HTMLElement);
  readonly #fps = element('fps', HTMLInputElement);
  readonly #fpsHint = element('fps-hint', HTMLElement);
  readonly #fpsValue = element('fps-value', HTMLOutputElement);
  readonly #quality = element('quality', HTMLInputElement);
  readonly #qualityValue = element('quality-value', HTMLOutputElement);
  readonly #adapt = element('adapt', HTMLInputElement);
  readonly #sources = [...document.querySelectorAll<HTMLButtonElement>('button[data-source]')];
  #pipelines: readonly PipelineSummary[] = [];

  constructor(events: ControlEvents) {
    this.#form.addEventListener('submit', (event) => event.preventDefault());
    this.#toggle.addEventListener('click', () => events.toggled());
    for (const button of this.#sources) {
      const name = button.dataset['source'] as SourceName;
      const input = fileInputOf(name);
      button.addEventListener('click', () => (input ? input.click() : events.source(name, undefined)));
      input?.addEventListener('change', () => {
        const [file] = input.files ?? [];
        if (file) events.source(name, file);
        // So that the same file can be chosen again.
        input.value = '';
      });
    }
    onFileDrop((file) => events.source(sourceForFile(file), file));
    this.#pipeline.addEventListener('change', () => events.changed({ pipeline: this.#pipeline.value }));
    this.#fps.addEventListener('input', () => events.changed({ fps: this.#fps.valueAsNumber }));
    this.#quality.addEventListener('input', () => events.changed({ quality: this.#quality.valueAsNumber }));
    this.#adapt.addEventListener('change', () => events.changed({ adapt: this.#adapt.checked }));
  }

  /** Fills the list. A requested pipeline that the gateway does not have stays visible in it. */
  listPipelines(pipelines: readonly PipelineSummary[], chosen: string): void {
    this.#pipelines = pipelines;
    const options = pipelines.map(({ id, name }) => new Option(name === id ? id : `${name} (${id})`, id));
    if (!pipelines.some(({ id }) => id === chosen)) options.push(new Option(`${chosen} (not found)`, chosen));
    this.#pipeline.replaceChildren(...options);
  }

  /** Lets the user choose a file. Has an effect only in response to a click or key. */
  chooseFile(source: SourceName): void {
    fileInputOf(source)?.click();
  }

  /** @param sourceFps frame rate of the source; infinity if it is unknown. */
  show({ pipeline, source, fps, quality, adapt }: Preferences, action: Action, sourceFps: number): void {
    for (const button of this.#sources)
      button.setAttribute('aria-pressed', String(button.dataset['source'] === source));
    write(this.#toggle, actionTexts[action]);
    this.#toggle.classList.toggle('primary', action !== 'pause');
    if (pipeline !== undefined) this.#pipeline.value = pipeline;
    const hint = this.#pipelines.find(({ id }) => id === pipeline)?.description ?? '';
    write(this.#pipelineHint, hint);
    this.#fps.value = String(fps);
    write(this.#fpsValue, `${Math.round(Math.min(fps, sourceFps))} fps`);
    this.#fps.disabled = source === 'picture';
    write(this.#fpsHint, rateHint(source, fps, sourceFps));
    this.#quality.value = String(quality);
    write(this.#qualityValue, `${quality} %`);
    this.#adapt.checked = adapt;
  }
}

function fileInputOf(source: SourceName): HTMLInputElement | undefined {
  return source === 'video' || source === 'picture' ? element(`${source}-file`, HTMLInputElement) : undefined;
}

/** Why the rate is not that of the slider. */
function rateHint(source: SourceName, fps: number, sourceFps: number): string {
  if (source === 'picture') return `An image is sent ${imageFps} times per second, so the rate cannot be set.`;
  return fps > sourceFps ? `This source has ${Math.round(sourceFps)} frames per second.` : '';
}
