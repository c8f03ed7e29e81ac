/** The engines of all devices: connects workers with those that serve. Main thread. */
import { MessageChannel } from 'node:worker_threads';
import type { EngineLink, EngineLinks, LinkedWorker } from '../../engine-link.ts';
import type { Log } from '../../observe/log.ts';
import type { EngineStatus } from '../../status.ts';
import type { RefusedProvider } from './device.ts';
import { EngineSlot } from './engine-slot.ts';

export interface EnginesOptions {
  /** Providers to try, in this order; without `cpu`. */
  readonly providers: readonly string[];
  /** Indices of the devices to use; empty for the one that the provider chooses. */
  readonly devices: readonly number[];
  /** A run that takes longer hangs. */
  readonly maxRunMs: number;
  /** JavaScript heap of an engine thread. Tensors and models are not part of it. */
  readonly maxHeapMegabytes: number;
  readonly log: Log;
  /** A provider that cannot be used. Called once per provider and reason, since the devices usually have the same. */
  readonly refused: (refusal: RefusedProvider) => void;
  /** Module of the thread; by default the one for ONNX Runtime. */
  readonly entryUrl?: URL;
}

/** The entry is TypeScript in a checkout and JavaScript in `dist`. */
const onnxEntry = new URL(`./entry${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);

export class Engines implements EngineLinks {
  readonly #slots: readonly EngineSlot[];
  readonly #workers = new Map<number, LinkedWorker>();
  #lastOwner = 0;

  private constructor(slots: readonly EngineSlot[]) {
    this.#slots = slots;
  }

  /**
   * Opens the devices. One after the other, since some drivers cannot open two at the same time.
   * @returns the engines of those that can be used; undefined if none can.
   */
  static async start(options: EnginesOptions): Promise<Engines | undefined> {
    const { devices, refused, entryUrl = onnxEntry } = options;
    const slots: EngineSlot[] = [];
    const engines: Engines = new Engines(slots);
    const told = new Set<string>();
    for (const deviceId of devices.length === 0 ? [undefined] : devices) {
      const slot = new EngineSlot({
        ...{ ...options, entryUrl, number: slots.length, deviceId },
        replaced: (ready) => engines.#linkAll(ready),
        lost: ({ number }) => engines.#loseAll(number),
      });
      const { usable, errors } = await slot.opened;
      for (const error of errors) {
        const key = JSON.stringify(error);
        if (!told.has(key)) refused(error);
        told.add(key);
      }
      if (usable.length > 0) slots.push(slot);
      else await slot.stop();
    }
    return slots.length === 0 ? undefined : engines;
  }

  attach(worker: LinkedWorker): { readonly links: readonly EngineLink[]; readonly detach: () => void } {
    this.#lastOwner += 1;
    const owner = this.#lastOwner;
    this.#workers.set(owner, worker);
    const links = this.#slots.flatMap((slot) => linkOf(slot, owner) ?? []);
    return { links, detach: () => this.#workers.delete(owner) };
  }

  status(): EngineStatus[] {
    return this.#slots.map((slot) => slot.status());
  }

  /** Ends all engines, after the workers. @returns whether every thread has ended within `graceMs`. */
  async stop(graceMs: number): Promise<boolean> {
    const grace = Promise.withResolvers<false>();
    const timer = setTimeout(grace.resolve, graceMs, false);
    const ended = Promise.all(this.#slots.map((slot) => slot.stop())).then(() => true);
    const isDone = await Promise.race([ended, grace.promise]);
    clearTimeout(timer);
    return isDone;
  }

  #linkAll(slot: EngineSlot): void {
    for (const [owner, worker] of this.#workers) {
      const link = linkOf(slot, owner);
      if (link !== undefined) worker.link(link);
    }
  }

  #loseAll(engine: number): void {
    for (const worker of this.#workers.values()) worker.lost(engine);
  }
}

/** Connects a worker; undefined while the engine does not serve. */
function linkOf({ number, thread }: EngineSlot, owner: number): EngineLink | undefined {
  if (thread === undefined) return undefined;
  const { port1, port2 } = new MessageChannel();
  thread.connect(owner, port1);
  return { engine: number, owner, port: port2, load: thread.counters.memory };
}
