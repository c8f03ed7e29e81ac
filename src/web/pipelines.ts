/** The gateway's list of pipelines. */
import type { ClientErrorCode } from '../client/index.ts';
import { AccessError, fetchJson, pageTokenChanged } from './token.ts';

export interface PipelineSummary {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** False if the gateway loads it on first use. */
  readonly loaded?: boolean;
  /** Areas and lines of the scene, if it has any. A custom tool may give them any shape. */
  readonly zones?: unknown;
}

/** Interval between attempts to list the pipelines. */
const retryMs = 2000;

/** @throws AccessError if it needs a token. @throws TypeError if the gateway cannot be reached. @throws SyntaxError if the response is not a gateway's. */
export async function fetchPipelines(): Promise<readonly PipelineSummary[]> {
  const { pipelines } = (await fetchJson('pipelines')) as { pipelines?: readonly PipelineSummary[] };
  if (!Array.isArray(pipelines)) throw new SyntaxError('the response has no pipelines');
  return pipelines;
}

/** Like {@link fetchPipelines}, but tries again until it succeeds; without access, when the user has entered a token. @param failed called after every failed attempt. */
export async function fetchPipelinesUntilListed(
  failed: (error: unknown, retryInMs: number) => void,
): Promise<readonly PipelineSummary[]> {
  for (;;) {
    try {
      return await fetchPipelines();
    } catch (error) {
      failed(error, retryMs);
      if (error instanceof AccessError) await pageTokenChanged();
      else await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  }
}

/** The error code of a failed {@link fetchPipelines}. */
export function codeOfFetchError(error: unknown): ClientErrorCode {
  if (error instanceof AccessError) return error.code;
  return error instanceof SyntaxError ? 'invalid_reply' : 'unreachable';
}

/** Why the first result of a pipeline may take a while. */
export function waitAdvice(pipeline: PipelineSummary | undefined): string {
  return pipeline?.loaded === false
    ? 'The gateway loads this pipeline when it is first used, which takes some seconds.'
    : 'The frame is being processed.';
}
