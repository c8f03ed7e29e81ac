/** The error of a run whose engine is lost: not the frame's fault. Imports nothing. */
export class EngineLostError extends Error {
  override readonly name = 'EngineLostError';

  constructor() {
    super('the engine of the accelerator is lost');
  }
}

/** Whether an error, or one that caused it, is the loss of an engine. */
export function isEngineLost(error: unknown): boolean {
  if (error instanceof EngineLostError) return true;
  return error instanceof Error && error.cause !== undefined && isEngineLost(error.cause);
}
