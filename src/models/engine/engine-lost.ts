/** Errors of a run that are not the frame's fault. Imports nothing. */

/** The engine of a run is lost. */
export class EngineLostError extends Error {
  override readonly name = 'EngineLostError';
  /** Whether the engine had the run: it may have caused the loss. */
  readonly wasSubmitted: boolean;

  constructor(wasSubmitted: boolean) {
    super('the engine of the accelerator is lost');
    this.wasSubmitted = wasSubmitted;
  }
}

/** The engine has given up the memory of a run, and has not run it. */
export class MemoryGoneError extends Error {
  override readonly name = 'MemoryGoneError';
}

/** @returns the loss of an engine that caused an error, if one did. */
export function engineLossOf(error: unknown): EngineLostError | undefined {
  if (error instanceof EngineLostError) return error;
  return error instanceof Error && error.cause !== undefined ? engineLossOf(error.cause) : undefined;
}
