/** The wheels that CUDA needs on Linux x64: their pinned versions, their sizes, and the libraries in them. Any thread. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A library file inside a wheel, and its exact size. */
export interface LibraryFile {
  readonly name: string;
  readonly bytes: number;
}

export interface Wheel {
  /** Name of the Python package. */
  readonly name: string;
  readonly version: string;
  /** The line of the requirements file: name, version, and checksum. */
  readonly requirement: string;
  readonly downloadBytes: number;
  /** The files that are unpacked; the rest of the wheel is not needed. */
  readonly files: readonly LibraryFile[];
}

/** Versions and checksums of all wheels, for pip. It ships with the package. */
const requirementsPath = fileURLToPath(new URL('../../deploy/gpu/requirements.txt', import.meta.url));

/** The wheel with ONNX Runtime's providers, whose version must be that of onnxruntime-node. The others are CUDA and cuDNN. */
export const providersWheel = 'onnxruntime-gpu';

type WheelContent = Pick<Wheel, 'downloadBytes'> & { readonly files: Readonly<Record<string, number>> };

/** By the name of the wheel. */
const contents: Readonly<Record<string, WheelContent>> = {
  [providersWheel]: {
    downloadBytes: 246_658_419,
    files: {
      'libonnxruntime_providers_shared.so': 14_632,
      'libonnxruntime_providers_cuda.so': 272_049_904,
      'libonnxruntime_providers_tensorrt.so': 990_656,
    },
  },
  // Linked by the CUDA provider, like the next two.
  'nvidia-cuda-runtime': { downloadBytes: 2_243_632, files: { 'libcudart.so.13': 704_288 } },
  'nvidia-cublas': {
    downloadBytes: 423_133_236,
    files: { 'libcublas.so.13': 54_177_976, 'libcublasLt.so.13': 541_595_600 },
  },
  'nvidia-curand': { downloadBytes: 59_544_258, files: { 'libcurand.so.10': 132_698_328 } },
  // Loaded by cuDNN and by the provider, which compile some kernels when they first run.
  'nvidia-cuda-nvrtc': {
    downloadBytes: 90_215_200,
    files: { 'libnvrtc.so.13': 109_338_064, 'libnvrtc-builtins.so.13.0': 4_380_616 },
  },
  // Loaded by the provider for convolutions.
  'nvidia-cudnn-cu13': {
    downloadBytes: 351_298_418,
    files: {
      'libcudnn.so.9': 125_144,
      'libcudnn_adv.so.9': 107_071_928,
      'libcudnn_cnn.so.9': 4_204_152,
      'libcudnn_engines_precompiled.so.9': 234_908_152,
      'libcudnn_engines_runtime_compiled.so.9': 27_290_312,
      'libcudnn_graph.so.9': 4_457_352,
      'libcudnn_heuristic.so.9': 56_629_720,
      'libcudnn_ops.so.9': 37_758_712,
    },
  },
};

/** The pinned wheels, in the order of the requirements file. @throws Error when the file and the sizes name different wheels. */
export function pinnedWheels(): Wheel[] {
  const wheels = [...requirementsIn(readFileSync(requirementsPath, 'utf8'))].map(({ name, version, requirement }) => {
    const content = contents[name];
    if (content === undefined) throw new Error(`${requirementsPath}: the size of ${name} is not known`);
    const files = Object.entries(content.files).map(([file, bytes]) => ({ name: file, bytes }));
    return { name, version, requirement, downloadBytes: content.downloadBytes, files };
  });
  if (wheels.length !== Object.keys(contents).length) throw new Error(`${requirementsPath}: a wheel is missing`);
  return wheels;
}

function* requirementsIn(text: string): Generator<Pick<Wheel, 'name' | 'version' | 'requirement'>> {
  for (const line of text.split('\n')) {
    const [requirement, name, version] = /^([\w.-]+)==([\w.]+) --hash=sha256:[\da-f]{64}$/.exec(line.trim()) ?? [];
    if (requirement !== undefined && name !== undefined && version !== undefined) yield { name, version, requirement };
  }
}

/** What all files of a wheel take on disk. */
export const unpackedBytes = ({ files }: Wheel): number => files.reduce((sum, { bytes }) => sum + bytes, 0);
