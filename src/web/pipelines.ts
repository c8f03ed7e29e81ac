/** The gateway's list of pipelines. */

export interface PipelineSummary {
  readonly id: string;
  readonly name: string;
  readonly description: string;
}

/** @throws TypeError if the gateway cannot be reached. @throws SyntaxError if the response is not a gateway's. */
export async function fetchPipelines(): Promise<readonly PipelineSummary[]> {
  const response = await fetch('pipelines');
  const { pipelines } = (await response.json()) as { pipelines?: readonly PipelineSummary[] };
  if (!Array.isArray(pipelines)) throw new SyntaxError('the response has no pipelines');
  return pipelines;
}
