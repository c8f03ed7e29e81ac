/** The error numbers of CUDA that a machine's setup causes, with what to do. Pure; any thread. */
import type { Explanation, ProviderFacts } from './provider-facts.ts';

/** The oldest major version of NVIDIA's driver that runs CUDA 13. */
export const minDriver = 580;

type Facts = Pick<ProviderFacts, 'inContainer' | 'nvidiaDevices' | 'driverVersion'>;

/** By `cudaError_t` of CUDA's runtime API. */
const explanations: Readonly<Record<number, (facts: Facts) => Explanation>> = {
  2: () => ({ reason: 'the GPU has too little free memory', fix: 'end other programs on it, or use a smaller model' }),
  35: ({ driverVersion }) => ({
    reason: `the NVIDIA driver${driverVersion === undefined ? '' : ` ${driverVersion}`} is too old for CUDA 13`,
    fix: `update it to ${minDriver} or newer`,
  }),
  46: () => ({
    reason: 'another process uses the GPU exclusively',
    fix: 'set its compute mode to default: nvidia-smi -c 0',
  }),
  100: noDevice,
  101: () => ({ reason: 'the GPU with this number does not exist', fix: 'check CUDA_VISIBLE_DEVICES' }),
  209: () => ({ reason: 'ONNX Runtime has no code for this GPU; it is too old or too new', fix: 'use webgpu' }),
  222: () => ({
    reason: 'ONNX Runtime has code for this GPU only in a form that this driver is too old for',
    fix: 'update the driver',
  }),
  802: () => ({ reason: 'CUDA is not initialized', fix: 'start the NVIDIA Fabric Manager of this machine' }),
  803: () => ({ reason: "the driver's kernel module and its libraries differ in version", fix: 'restart the machine' }),
  804: () => ({
    reason: 'the CUDA compatibility package does not support this GPU',
    fix: 'remove it and update the driver',
  }),
  999: () => ({ reason: 'the NVIDIA driver cannot be initialized', fix: 'restart the machine' }),
};

function noDevice({ inContainer, nvidiaDevices }: Facts): Explanation {
  const reason = 'the NVIDIA driver finds no device';
  if (inContainer)
    return { reason, fix: 'start the container with --gpus all, which needs the NVIDIA Container Toolkit on the host' };
  if (nvidiaDevices.length === 0)
    return { reason, fix: 'check nvidia-smi; under systemd, remove PrivateDevices= and DevicePolicy= from the unit' };
  return { reason, fix: 'check nvidia-smi and CUDA_VISIBLE_DEVICES' };
}

/** Messages without a number, by the number that means the same. */
const phrases: readonly (readonly [RegExp, number])[] = [
  [/no kernel image is available|unsupported gpu architecture/i, 209],
  [/no CUDA-capable device/i, 100],
  [/driver version is insufficient/i, 35],
  [/out of memory/i, 2],
];

/** @returns undefined if the message is not about the machine's setup. */
export function explainCudaError(error: string, facts: Facts): Explanation | undefined {
  const number = /CUDA failure (\d+)/.exec(error)?.[1] ?? phrases.find(([phrase]) => phrase.test(error))?.[1];
  const known = number === undefined ? undefined : explanations[Number(number)];
  return known?.(facts);
}
