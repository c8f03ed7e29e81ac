/** What `/readyz` says about a model. Imports nothing, so that the types of the tool interface bring no runtime with them. */

/** A loaded model as `/readyz` lists it. */
export interface ModelInfo {
  readonly name: string;
  readonly provider: string;
  /** Why the providers before it in `ORT_PROVIDERS` were not used; only for the log. */
  readonly providerErrors?: readonly string[];
}
