/** Unpacks libraries from a wheel, which is a ZIP file, as a stream: some have 500 MB. Main thread. */
import { chmodSync, createWriteStream } from 'node:fs';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Entry, openPromise } from 'yauzl';
import type { LibraryFile } from './wheels.ts';

/** World-readable, since the gateway often runs as another user. */
const libraryMode = 0o644;

/**
 * Writes the named files of a wheel into the folder, whatever folder they are in inside the wheel. Entry names never become paths.
 * @throws Error when the wheel is damaged, lacks one of the files, or has one of another size.
 */
export async function unpackLibraries(wheel: string, files: readonly LibraryFile[], folder: string): Promise<void> {
  const wanted = new Map(files.map((file) => [file.name, file]));
  const zip = await openPromise(wheel);
  try {
    for await (const entry of zip.eachEntry()) {
      const file = wanted.get(basename(entry.fileName));
      if (file === undefined) continue;
      checkSize(entry, file);
      const path = join(folder, file.name);
      await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(path));
      // Not as an option of the stream, which the umask would change.
      chmodSync(path, libraryMode);
      wanted.delete(file.name);
    }
  } finally {
    zip.close();
  }
  if (wanted.size > 0) throw new Error(`${basename(wheel)} does not contain ${[...wanted.keys()].join(', ')}`);
}

function checkSize({ uncompressedSize }: Entry, { name, bytes }: LibraryFile): void {
  if (uncompressedSize !== bytes) throw new Error(`${name} has ${uncompressedSize} bytes; expected ${bytes}`);
}
