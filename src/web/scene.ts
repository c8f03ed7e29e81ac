/** What happens over time: the zones of the pipeline, their counts, and the events. */
import type { FrameResult, Zone } from '../client/index.ts';
import { countsOf, zonesOf } from './checked-scene.ts';
import { EventList } from './event-list.ts';
import type { PictureState } from './frame-view.ts';
import { pictureText, zoneCounts } from './zone-counts.ts';
import { ZoneEditor } from './zone-editor.ts';
import { ZonePicture } from './zone-picture.ts';
import { ZonesCard } from './zones-card.ts';

export class Scene {
  readonly #picture = new ZonePicture(() => this.#editor.draw());
  readonly #editor: ZoneEditor = new ZoneEditor(this.#picture, () => this.render());
  readonly #card = new ZonesCard();
  readonly #events = new EventList();
  #pipeline = '';
  /** What the zones were read from, as JSON. */
  #source: string | undefined;
  #zones: readonly Zone[] = [];
  /** The key `counts` of the newest result, in any shape. */
  #counts: unknown;
  #hasFrame = false;

  get picture(): PictureState {
    return this.#picture;
  }

  /** Shows the zones of a pipeline, in any shape. Edits stay until the pipeline is another one, or its zones are others. */
  usePipeline(id: string, given: unknown): void {
    const source = JSON.stringify(given);
    const isOther = id !== this.#pipeline;
    if (!isOther && source === this.#source) return;
    this.#pipeline = id;
    this.#source = source;
    this.#zones = zonesOf(given);
    this.#counts = undefined;
    this.#editor.serve(this.#zones, isOther);
    this.render();
  }

  /** @param result as it was received. */
  result(received: FrameResult): void {
    this.#events.add(received);
    const { counts } = received;
    if (counts !== undefined) this.#counts = counts;
    if (this.#hasFrame) return;
    this.#hasFrame = true;
    this.render();
  }

  /** Removes what belongs to another source. The list of events stays. */
  clear(): void {
    this.#hasFrame = false;
    this.#counts = undefined;
    this.render();
  }

  render(): void {
    const isEdited = this.#editor.isOpen;
    this.#picture.isVisible = this.#hasFrame || isEdited;
    this.#editor.setAvailable(this.#hasFrame);
    const rows = zoneCounts(this.#zones, countsOf(this.#counts));
    if (!isEdited) {
      this.#picture.draw(
        this.#zones.map((zone, index) => {
          const counts = rows[index];
          return { zone, text: counts === undefined ? zone.name : pictureText(counts) };
        }),
      );
    }
    this.#card.show(rows);
    this.#events.render();
  }
}
