/** The latest message of each retained topic, and which of them the broker does not have yet. Pure. */

export interface RetainedMessage {
  readonly topic: string;
  readonly payload: string;
}

/** Its size is bounded by those who set topics. */
export class RetainedTopics {
  readonly #payloads = new Map<string, string>();
  /** Changed since they were last sent. */
  readonly #changed = new Set<string>();
  /** To be sent in this round. */
  readonly #due = new Set<string>();
  readonly #sending = new Set<string>();

  has(topic: string): boolean {
    return this.#payloads.has(topic);
  }

  /** The latest message of a topic; an older one that has not been sent never is. */
  set(topic: string, payload: string): void {
    if (this.#payloads.get(topic) === payload) return;
    this.#payloads.set(topic, payload);
    this.#changed.add(topic);
  }

  /** Starts a round: what changes from now on waits for the next one, so that a topic is sent once per round. */
  startRound(): void {
    for (const topic of this.#changed) this.#due.add(topic);
    this.#changed.clear();
  }

  /** The broker may have lost everything: sends all topics again, in the order in which they were first set. */
  restart(): void {
    this.#sending.clear();
    this.#due.clear();
    this.#changed.clear();
    for (const topic of this.#payloads.keys()) this.#changed.add(topic);
    this.startRound();
  }

  take(): RetainedMessage | undefined {
    for (const topic of this.#due) {
      if (this.#sending.has(topic)) continue;
      this.#due.delete(topic);
      this.#sending.add(topic);
      return { topic, payload: this.#payloads.get(topic) as string };
    }
    return undefined;
  }

  /** The broker has answered. What it refuses is not sent again until it changes. */
  settled({ topic }: RetainedMessage): void {
    this.#sending.delete(topic);
  }

  get isSettled(): boolean {
    return this.#changed.size + this.#due.size + this.#sending.size === 0;
  }
}
