/** The gateway's list of pipelines. */

export interface PipelineSummary {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** False if the gateway loads it on first use. */
  readonly loaded?: boolean;
}

/** Interval between attempts to list the pipelines. */
const retryMs = 2000;

/** @throws TypeError if the gateway cannot be reached. @throws SyntaxError if the response is not a gateway's. */
export async function fetchPipelines(): Promise<readonly PipelineSummary[]> {
  const response = await fetch('pipelines');
  const { pipelines } = (await response.json()) as { pipelines?: readonly PipelineSummary[] };
  if (!Array.isArray(pipelines)) throw new SyntaxError('the response has no pipelines');
  return pipelines;
}

/** Like {@link fetchPipelines}, but tries again until it succeeds. @param failed called after every failed attempt. */
export async function fetchPipelinesUntilListed(
  failed: (error: unknown, retryInMs: number) => void,
): Promise<readonly PipelineSummary[]> {
  for (;;) {
    try {
      return await fetchPipelines();
    } catch (error) {
      failed(error, retryMs);
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  }
}
