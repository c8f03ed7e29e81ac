/** A worker's connection to one engine: commands and their replies. Worker threads. */
import type { EngineLink } from '../../engine-link.ts';
import { EngineCounters } from './engine-counters.ts';
import { EngineLostError, MemoryGoneError } from './engine-lost.ts';
import type { FromEngine, OpenCommand, RunCommand, ShareCommand, ToEngine } from './messages.ts';

type Request = Omit<OpenCommand, 'id'> | Omit<ShareCommand, 'id'> | Omit<RunCommand, 'id'>;
type Reply = Exclude<FromEngine, { readonly type: 'evicted' }>;
type ReplyTo<Type extends Request['type']> = Extract<
  Reply,
  { type: { open: 'opened'; share: 'shared'; run: 'done' }[Type] }
>;

interface Pending {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

export class EngineConnection {
  readonly engine: number;
  readonly owner: number;
  readonly #link: EngineLink;
  readonly #counters: EngineCounters;
  readonly #pending = new Map<number, Pending>();
  /** By memory; several tools of the worker may use it. */
  readonly #evictions = new Map<number, (() => void)[]>();
  #lastId = 0;
  #isLost = false;

  /** @param closed called when the engine has ended, before its runs fail. */
  constructor(link: EngineLink, closed: (engine: number) => void = () => undefined) {
    this.engine = link.engine;
    this.owner = link.owner;
    this.#link = link;
    this.#counters = new EngineCounters(link.load);
    link.port.on('message', (message: FromEngine) => this.#receive(message));
    link.port.on('close', () => {
      if (this.#isLost) return;
      closed(link.engine);
      this.lose();
    });
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  /** Rows of all workers that wait or run there. */
  get load(): number {
    return this.#counters.load;
  }

  /**
   * Sends a command and waits for its reply.
   * @throws EngineLostError when the engine is lost, MemoryGoneError when it has given up the memory of a run, and Error with the engine's
   * reason when the command fails.
   */
  async request<Command extends Request>(command: Command): Promise<ReplyTo<Command['type']>> {
    if (this.#isLost) throw new EngineLostError(false);
    this.#lastId += 1;
    const id = this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    if (command.type === 'run') this.#counters.submitted(command.rows.length);
    this.#send({ ...command, id } as ToEngine);
    this.#pending.set(id, { resolve, reject });
    const reply = await promise;
    if (reply.type === 'gone') throw new MemoryGoneError();
    if (reply.type === 'failed') throw new Error(reply.reason);
    return reply as ReplyTo<Command['type']>;
  }

  /** Tells the engine that a model is not used any more. */
  close(model: number): void {
    if (!this.#isLost) this.#send({ type: 'close', model });
  }

  /** Calls back once, if the engine gives up a memory. */
  onEvicted(memory: number, forget: () => void): void {
    this.#evictions.set(memory, [...(this.#evictions.get(memory) ?? []), forget]);
  }

  /** Nothing will be answered any more. */
  lose(): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#link.port.close();
    for (const { reject } of this.#pending.values()) reject(new EngineLostError(true));
    this.#pending.clear();
    this.#evictions.clear();
  }

  #send(command: ToEngine): void {
    this.#link.port.postMessage(command);
  }

  #receive(message: FromEngine): void {
    if (message.type === 'evicted') {
      for (const forget of this.#evictions.get(message.memory) ?? []) forget();
      this.#evictions.delete(message.memory);
      return;
    }
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    pending?.resolve(message);
  }
}
