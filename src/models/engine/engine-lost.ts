/** The error of a run whose engine is lost: not the frame's fault. Imports nothing. */
export class EngineLostError extends Error {
  override readonly name = 'EngineLostError';
  /** Whether the engine had the run: it may have caused the loss. */
  readonly wasSubmitted: boolean;

  constructor(wasSubmitted: boolean) {
    super('the engine of the accelerator is lost');
    this.wasSubmitted = wasSubmitted;
  }
}

/** @returns the loss of an engine that caused an error, if one did. */
export function engineLossOf(error: unknown): EngineLostError | undefined {
  if (error instanceof EngineLostError) return error;
  return error instanceof Error && error.cause !== undefined ? engineLossOf(error.cause) : undefined;
}
