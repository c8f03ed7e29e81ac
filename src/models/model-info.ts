/** What `/readyz` says about a model. Imports nothing, so that the types of the tool interface bring no runtime with them. */

/** A loaded model as `/readyz` lists it. */
export interface ModelInfo {
  readonly name: string;
  readonly provider: string;
  /** Index of the device; absent on the CPU, and if the provider has chosen it. */
  readonly device?: number;
  /** Largest batch of frames in one run; absent for a model that runs in its worker, one frame at a time. */
  readonly maxBatch?: number;
  /** Why the providers before it in `ORT_PROVIDERS` were not used; only for the log. */
  readonly providerErrors?: readonly string[];
}
