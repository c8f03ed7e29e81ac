/** Loads opencv-js, once a thread and only for the tools that use it: it takes half a second and some 60 to 100 MB. */
import type { CV } from '@techstark/opencv-js';

export type { CV };

/**
 * The module has a `then` once it is ready, and a promise that resolves to it would call that for ever: so it always travels
 * inside an object.
 */
export interface OpenCv {
  readonly cv: CV;
}

/** What the module is before WebAssembly has been compiled. */
interface Unready {
  readonly Mat?: unknown;
  onRuntimeInitialized: () => void;
}

/** Kept from the first call on: each thread has its own, since it has its own modules. */
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
