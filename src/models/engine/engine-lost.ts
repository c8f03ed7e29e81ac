/** Errors of a run that are not the frame's fault. Imports nothing. */

/** The engine of a run is lost. */
export class EngineLostError extends Error {
  override readonly name = 'EngineLostError';

  constructor() {
    super('the engine of the accelerator is lost');
  }
}

/** The engine has given up the memory of a run, and has not run it. */
export class MemoryGoneError extends Error {
  override readonly name = 'MemoryGoneError';
}

/** Whether an error, or one that caused it, is the loss of an engine. */
export function isEngineLost(error: unknown): boolean {
  if (error instanceof EngineLostError) return true;
  return error instanceof Error && error.cause !== undefined && isEngineLost(error.cause);
}
