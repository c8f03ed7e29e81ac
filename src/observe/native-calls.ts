/**
 * Says across threads whether a worker is in native code that aborts the process when its thread is ended there: ONNX Runtime, jpeg-turbo.
 *
 *   worker: count itself in, look whether it may go on, call, count itself out
 *   loop:   forbid going on, look whether it is counted in; if not, it never will be, and may be ended
 */

/** Places in the shared memory. */
const activeIndex = 0;
const forbiddenIndex = 1;
const fieldCount = 2;

/** This thread's own; none on the main thread and in tools of the command line, which nobody ends. */
let threadState: Int32Array | undefined;

/** The loop's view of one thread. */
export class NativeCalls {
  /** For the thread: {@link shareNativeCalls}. */
  readonly memory = new SharedArrayBuffer(fieldCount * Int32Array.BYTES_PER_ELEMENT);
  readonly #shared = new Int32Array(this.memory);

  /** From now on the thread begins no native call. @returns whether it is in none. */
  forbid(): boolean {
    Atomics.store(this.#shared, forbiddenIndex, 1);
    return Atomics.load(this.#shared, activeIndex) === 0;
  }
}

/** Called once, when a thread starts, with the memory of its {@link NativeCalls}. */
export function shareNativeCalls(memory: SharedArrayBuffer): void {
  threadState = new Int32Array(memory);
}

/** Runs a native call that is over when its promise is settled. @throws Error where the thread is about to be ended. */
export async function inNativeCode<Value>(call: () => Promise<Value>): Promise<Value> {
  beginCall();
  try {
    return await call();
  } finally {
    endCall();
  }
}

/** Runs a native call that is over when it returns. @throws Error where the thread is about to be ended. */
export function inNativeCodeSync<Value>(call: () => Value): Value {
  beginCall();
  try {
    return call();
  } finally {
    endCall();
  }
}

/** Whether native calls are forbidden to this thread: it has no time to give anything back, and its end does that. */
export function isTerminating(): boolean {
  return threadState !== undefined && Atomics.load(threadState, forbiddenIndex) !== 0;
}

function beginCall(): void {
  if (threadState === undefined) return;
  Atomics.add(threadState, activeIndex, 1);
  if (!isTerminating()) return;
  endCall();
  throw new Error('this thread is being ended');
}

function endCall(): void {
  if (threadState !== undefined) Atomics.sub(threadState, activeIndex, 1);
}
