/** ONNX Runtime's execution providers, by their onnxruntime-node names. Imports nothing. */
export const knownProviders = [
  'cpu',
  'cuda',
  'tensorrt',
  'coreml',
  'dml',
  'webgpu',
  'openvino',
  'migraphx',
  'rocm',
] as const;

/** The one that needs no accelerator: its models run in the workers. */
export const cpuProvider = 'cpu';

/** Those that run on a numbered device. The others choose their device. */
export const numberedProviders: readonly string[] = ['cuda', 'tensorrt', 'dml', 'migraphx', 'rocm'];

/** The providers before `cpu`: whatever comes after it is never needed. */
export function acceleratedProviders(providers: readonly string[]): readonly string[] {
  const at = providers.indexOf(cpuProvider);
  return at === -1 ? providers : providers.slice(0, at);
}
