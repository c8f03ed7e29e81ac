/** Loads opencv-js, once per thread and only for tools that use it: loading takes half a second and 60 to 100 MB. */
import type { CV } from '@techstark/opencv-js';

export type { CV };

/**
 * The ready module has a `then` method, so a promise that resolves to it would call that forever. Therefore it is always
 * wrapped in an object.
 */
export interface OpenCv {
  readonly cv: CV;
}

/** The module before its WebAssembly is compiled. */
interface Unready {
  readonly Mat?: unknown;
  onRuntimeInitialized: () => void;
}

/** Set by the first call. Each thread has its own, since threads do not share modules. */
let loading: Promise<OpenCv> | undefined;

export function loadOpenCv(): Promise<OpenCv> {
  loading ??= load();
  return loading;
}

async function load(): Promise<OpenCv> {
  const { default: module } = (await import('@techstark/opencv-js')) as unknown as { readonly default: CV & Unready };
  if (module.Mat === undefined) {
    await new Promise<void>((resolve) => {
      module.onRuntimeInitialized = resolve;
    });
  }
  return { cv: module };
}
