/** Loads one pipeline in this thread, as a worker would. */
import { configOfProcess } from '../src/config.ts';
import { loadPipelines } from '../src/pipeline/registry.ts';
import { VideoFilePipelineService } from '../src/pipeline/video-file-pipeline-service.ts';

/**
 * @param modelsDir overrides the configured one.
 * @throws Error when the pipeline does not exist.
 */
export async function openPipeline(id: string, modelsDir?: string): Promise<VideoFilePipelineService> {
  const config = configOfProcess({ MODELS_DIR: modelsDir });
  const pipelines = (await loadPipelines(config)).filter((pipeline) => pipeline.id === id);
  if (pipelines.length === 0) throw new Error(`unknown pipeline "${id}" in ${config.modelsDir}`);
  return VideoFilePipelineService.create(pipelines, config);
}
