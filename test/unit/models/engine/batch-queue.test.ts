/** Whoever comes first is served first, with all that has come for the same memory. */
import fc from 'fast-check';
import { test } from 'tap';
import { BatchQueue, type Waiting } from '../../../../src/models/engine/batch-queue.ts';

interface Memory {
  readonly name: string;
  readonly maxBatch: number;
}

type Command = Waiting<Memory> & { readonly id: number };

const a: Memory = { name: 'a', maxBatch: 3 };
const b: Memory = { name: 'b', maxBatch: 3 };
let lastId = 0;

function command(memory: Memory, rows = 1): Command {
  lastId += 1;
  return { memory, rows: Array.from({ length: rows }, (_, row) => row), id: lastId };
}

function queueOf(...commands: Command[]): BatchQueue<Memory, Command> {
  const queue = new BatchQueue<Memory, Command>();
  for (const each of commands) queue.push(each);
  return queue;
}

test('takes all commands of the memory with the oldest one, up to a batch', (t) => {
  const commands = [command(a), command(b), command(a), command(a), command(a)] as const;
  const queue = queueOf(...commands);
  t.equal(queue.rowsOf(a), 4);
  t.same(queue.take(), [commands[0], commands[2], commands[3]]);
  t.equal(queue.oldest, commands[1]);
  t.same(queue.take(), [commands[1]]);
  t.same(queue.take(), [commands[4]]);
  t.same(queue.take(), []);
  t.end();
});

test('does not split a command, nor let a later one overtake it', (t) => {
  const commands = [command(a, 2), command(a, 2), command(a, 1)] as const;
  const queue = queueOf(...commands);
  t.same(queue.take(), [commands[0]]);
  t.same(queue.take(), [commands[1], commands[2]]);
  t.end();
});

test('a command larger than a batch is taken alone', (t) => {
  const commands = [command(a, 5), command(a)] as const;
  t.same(queueOf(...commands).take(), [commands[0]]);
  t.end();
});

test('removes what is not to run', (t) => {
  const commands = [command(a), command(b), command(a)] as const;
  const queue = queueOf(...commands);
  t.same(
    queue.remove(({ memory }) => memory === a),
    [commands[0], commands[2]],
  );
  t.same(queue.take(), [commands[1]]);
  t.same(
    queue.remove(() => true),
    [],
  );
  t.end();
});

/** Batches that these commands of one memory take, in their order. */
function batchesOf(rows: readonly number[], maxBatch: number): number {
  let [batches, free] = [0, 0];
  for (const count of rows) {
    if (count > free) [batches, free] = [batches + 1, maxBatch];
    free -= count;
  }
  return batches;
}

/** Commands that wait, with the number of batches until they run at the latest. */
class Expected {
  readonly #remaining = new Map<Command, number>();

  get size(): number {
    return this.#remaining.size;
  }

  /** It waits for those before it: if they fit into one batch of each memory, for one of each. */
  add(added: Command): void {
    const before = [...this.#remaining.keys(), added];
    const batches = memories.map((memory) =>
      batchesOf(
        before.filter((each) => each.memory === memory).map(({ rows }) => rows.length),
        memory.maxBatch,
      ),
    );
    this.#remaining.set(
      added,
      batches.reduce((sum, count) => sum + count, 0),
    );
  }

  /** @returns whether none of the others has waited for too long. */
  ran(batch: readonly Command[]): boolean {
    for (const each of batch) this.#remaining.delete(each);
    for (const [each, remaining] of this.#remaining) this.#remaining.set(each, remaining - 1);
    return [...this.#remaining.values()].every((remaining) => remaining > 0);
  }
}

const memories = ['a', 'b', 'c'].map((name): Memory => ({ name, maxBatch: 4 }));

test('no command waits for commands that came later', (t) => {
  const arrivals = fc.array(fc.tuple(fc.constantFrom(...memories), fc.integer({ min: 1, max: 4 })));
  fc.assert(
    // Between two batches, any number of commands arrives.
    fc.property(fc.array(arrivals, { maxLength: 20 }), (turns) => {
      const queue = new BatchQueue<Memory, Command>();
      const expected = new Expected();
      for (const turn of [...turns, ...new Array<[]>(250).fill([])]) {
        for (const [memory, rows] of turn) {
          const added = command(memory, rows);
          queue.push(added);
          expected.add(added);
        }
        if (!expected.ran(queue.take())) return false;
      }
      return expected.size === 0;
    }),
  );
  t.end();
});
