/** What is known about the execution providers of a machine, and what is said about them. Types only. */

/** Two lines of text for an operator, without a final period. */
export interface Explanation {
  readonly reason: string;
  readonly fix: string;
}

/** A provider of ONNX Runtime that is a library of its own. */
export type LibraryProvider = 'cuda' | 'tensorrt';

/** What a provider's library needs and what is there. */
export interface LibraryFacts {
  /** The file beside ONNX Runtime; undefined if there is none. */
  readonly path: string | undefined;
  /** Version of ONNX Runtime that it was built for; undefined if the file does not tell. */
  readonly version: string | undefined;
  /** Names of libraries that it needs, itself or through others, and that cannot be found. */
  readonly missing: readonly string[];
}

/** A file of a device, and whether this user may open it. */
export interface DeviceFile {
  readonly path: string;
  readonly isAccessible: boolean;
}

export interface ProviderFacts {
  /** As `linux-x64`. */
  readonly platform: string;
  /** Version of onnxruntime-node. */
  readonly runtimeVersion: string;
  readonly libraries: Readonly<Record<LibraryProvider, LibraryFacts>>;
  /** Other versions of CUDA's and TensorRT's libraries that the linker would find, such as `libcublas.so.12`. */
  readonly otherVersions: readonly string[];
  /** Version of NVIDIA's kernel module; undefined if it is not loaded. */
  readonly driverVersion: string | undefined;
  /** `/dev/nvidia0` and so on. */
  readonly nvidiaDevices: readonly DeviceFile[];
  readonly inContainer: boolean;
  readonly vulkan: {
    readonly hasLoader: boolean;
    /** Names of the manifests of Vulkan drivers, such as `radeon_icd.x86_64.json`. */
    readonly drivers: readonly string[];
    /** `/dev/dri/renderD128` and so on. */
    readonly devices: readonly DeviceFile[];
  };
}
