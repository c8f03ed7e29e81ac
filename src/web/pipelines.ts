/** The gateway's list of pipelines. */

export interface PipelineSummary {
  readonly id: string;
  readonly name: string;
  readonly description: string;
}

/** @throws TypeError when the gateway cannot be reached. @throws SyntaxError when something else answers. */
export async function fetchPipelines(): Promise<readonly PipelineSummary[]> {
  const response = await fetch('pipelines');
  const { pipelines } = (await response.json()) as { pipelines?: readonly PipelineSummary[] };
  if (!Array.isArray(pipelines)) throw new SyntaxError('the answer has no pipelines in it');
  return pipelines;
}
