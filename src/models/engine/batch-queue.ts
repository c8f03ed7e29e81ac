/** Rows that wait for their run, and which of them run next. Pure. */

/** Rows of one command. */
export interface Waiting<Memory> {
  readonly memory: Memory;
  readonly rows: readonly number[];
}

/**
 * First come, first served between memories: the one with the oldest command runs next, with all that has come for it. So whoever comes
 * while a batch runs is in one of the next ones, at most one per memory in use.
 */
export class BatchQueue<Memory extends { readonly maxBatch: number }, Command extends Waiting<Memory>> {
  /** Oldest first. */
  #commands: Command[] = [];

  get oldest(): Command | undefined {
    return this.#commands[0];
  }

  /** Number of commands. */
  get size(): number {
    return this.#commands.length;
  }

  push(command: Command): void {
    this.#commands.push(command);
  }

  /** Rows that wait in a memory. */
  rowsOf(memory: Memory): number {
    return this.#commands.reduce((sum, command) => sum + (command.memory === memory ? command.rows.length : 0), 0);
  }

  /** Removes commands that are not to run. @returns them. */
  remove(isUnwanted: (command: Command) => boolean): Command[] {
    const removed = this.#commands.filter(isUnwanted);
    if (removed.length > 0) this.#commands = this.#commands.filter((command) => !isUnwanted(command));
    return removed;
  }

  /** Removes the commands of the next batch. @returns them, oldest first; none if nothing waits. */
  take(): Command[] {
    const { oldest } = this;
    if (oldest === undefined) return [];
    const batch = new Set<Command>();
    let rows = 0;
    for (const command of this.#commands) {
      if (command.memory !== oldest.memory) continue;
      rows += command.rows.length;
      // The oldest runs in any case: it may be larger than a batch, if batches have become smaller since.
      if (rows > oldest.memory.maxBatch && batch.size > 0) break;
      batch.add(command);
    }
    this.#commands = this.#commands.filter((command) => !batch.has(command));
    return [...batch];
  }
}
