/**
 * Tracks across threads whether a worker is in native code that aborts the process if its thread is terminated: ONNX Runtime, jpeg-turbo.
 *
 *   worker: increments the counter, checks that calls are allowed, calls, decrements the counter
 *   loop:   forbids calls, then checks the counter: if it is 0, it stays 0, and the thread may be terminated
 */

/** Fields of the shared memory. */
const activeIndex = 0;
const forbiddenIndex = 1;
const fieldCount = 2;

/** Of this thread; undefined on the main thread and in commands, which are never terminated. */
let threadState: Int32Array | undefined;

/** One thread as seen from the event loop. */
export class NativeCalls {
  /** Pass this to {@link shareNativeCalls} in the thread. */
  readonly memory = new SharedArrayBuffer(fieldCount * Int32Array.BYTES_PER_ELEMENT);
  readonly #shared = new Int32Array(this.memory);

  /** Forbids further native calls. @returns whether none is running. */
  forbid(): boolean {
    Atomics.store(this.#shared, forbiddenIndex, 1);
    return Atomics.load(this.#shared, activeIndex) === 0;
  }
}

/** Called once when a thread starts, with the memory of its {@link NativeCalls}. */
export function shareNativeCalls(memory: SharedArrayBuffer): void {
  threadState = new Int32Array(memory);
}

/** Runs a native call that ends when its promise settles. @throws Error if the thread is about to be terminated. */
export async function inNativeCode<Value>(call: () => Promise<Value>): Promise<Value> {
  beginCall();
  try {
    return await call();
  } finally {
    endCall();
  }
}

/** Runs a native call that ends when it returns. @throws Error if the thread is about to be terminated. */
export function inNativeCodeSync<Value>(call: () => Value): Value {
  beginCall();
  try {
    return call();
  } finally {
    endCall();
  }
}

/** Whether native calls are forbidden in this thread. It then has no time to release anything; termination does. */
export function isTerminating(): boolean {
  return threadState !== undefined && Atomics.load(threadState, forbiddenIndex) !== 0;
}

function beginCall(): void {
  if (threadState === undefined) return;
  Atomics.add(threadState, activeIndex, 1);
  if (!isTerminating()) return;
  endCall();
  throw new Error('thread is being terminated');
}

function endCall(): void {
  if (threadState !== undefined) Atomics.sub(threadState, activeIndex, 1);
}
