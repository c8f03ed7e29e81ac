/** The interface of what an engine runs models on. Engine threads; tests implement it with simulated devices. */
import type { TensorShape } from '../model.ts';
import type { RawTensors } from '../tensor-types.ts';

/** A provider that cannot be used at all, with ONNX Runtime's reason. */
export interface RefusedProvider {
  readonly provider: string;
  readonly reason: string;
}

/** A model on a device. */
export interface DeviceModel {
  readonly provider: string;
  readonly inputs: readonly TensorShape[];
  readonly outputs: readonly TensorShape[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Why the providers before it were not used. */
  readonly providerErrors: readonly string[];
  /** See `OnnxSession.run`. Never called while another run of the same device lasts. */
  run(inputs: RawTensors, outputs?: RawTensors): Promise<RawTensors>;
  release(): Promise<void>;
}

export interface Device {
  /** Index of the device; undefined if the provider chooses. */
  readonly id: number | undefined;
  /** @throws Error with one line when the device does not work any more. */
  check(): Promise<void>;
  /** @throws Error with one line when no provider accepts the model. */
  load(name: string, path: string): Promise<DeviceModel>;
}
