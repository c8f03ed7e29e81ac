/** The devices that ONNX Runtime's execution providers reach. Engine threads. */
import { readOnnxHeader } from '../metadata.ts';
import { OnnxSession } from '../onnx-session.ts';
import { tinyInput, tinyModel } from '../tiny-model.ts';
import type { Device, DeviceModel, RefusedProvider } from './device.ts';

export class OnnxDevice implements Device {
  readonly id: number | undefined;
  readonly #providers: readonly string[];

  /** @param providers in the order in which to try them. */
  constructor(providers: readonly string[], id: number | undefined) {
    this.#providers = providers;
    this.id = id;
  }

  /**
   * Opens providers with a model of one node.
   * @returns the device with those that can be used, and why the others cannot.
   */
  static async open(
    providers: readonly string[],
    id: number | undefined,
  ): Promise<{
    readonly device: OnnxDevice;
    readonly usable: readonly string[];
    readonly errors: readonly RefusedProvider[];
  }> {
    const usable: string[] = [];
    const errors: RefusedProvider[] = [];
    for (const provider of providers) {
      try {
        await tryProvider(provider, id);
        usable.push(provider);
      } catch (error) {
        errors.push({ provider, reason: messageOf(error) });
      }
    }
    return { device: new OnnxDevice(usable, id), usable, errors };
  }

  async check(): Promise<void> {
    const [provider] = this.#providers;
    if (provider !== undefined) await tryProvider(provider, this.id);
  }

  async load(name: string, path: string): Promise<DeviceModel> {
    const providerErrors: string[] = [];
    for (const provider of this.#providers) {
      try {
        const session = await OnnxSession.create(path, targetOf(provider, this.id));
        const { metadata } = await readOnnxHeader(path);
        return {
          ...{ provider, metadata, providerErrors, inputs: session.inputs, outputs: session.outputs },
          run: (inputs, outputs) => session.run(inputs, outputs),
          release: () => session.release(),
        };
      } catch (error) {
        providerErrors.push(`${provider}: ${messageOf(error)}`);
      }
    }
    throw new Error(providerErrors.join('; ') || `no provider for model "${name}"`);
  }
}

/** Runs a tiny model. @throws Error when the provider cannot. */
async function tryProvider(provider: string, deviceId: number | undefined): Promise<void> {
  const session = await OnnxSession.create(tinyModel('float32'), targetOf(provider, deviceId));
  await session.run({ [tinyInput]: { type: 'float32', data: new Float32Array(1), dims: [1] } });
  await session.release();
}

function targetOf(provider: string, deviceId: number | undefined) {
  return deviceId === undefined ? { provider } : { provider, deviceId };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
