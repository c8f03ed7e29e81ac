/** Finds shared libraries as Linux's dynamic linker would, and says which are missing. Any thread. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { readElfNeeds } from './elf.ts';

/** Searched after `LD_LIBRARY_PATH` and the linker's cache, which `ldconfig` writes. */
const defaultFolders = [
  '/lib/x86_64-linux-gnu',
  '/usr/lib/x86_64-linux-gnu',
  '/lib64',
  '/usr/lib64',
  '/lib',
  '/usr/lib',
];
const cachePath = '/etc/ld.so.cache';

export class Linker {
  readonly #folders: readonly string[];
  readonly #defaults: readonly string[];
  readonly #cached: ReadonlyMap<string, string>;

  /**
   * @param libraryPath folders of `LD_LIBRARY_PATH`
   * @param root prefix of the system's own paths, for tests
   */
  constructor(libraryPath: readonly string[], root = '/') {
    this.#folders = libraryPath;
    this.#defaults = defaultFolders.map((folder) => join(root, folder));
    this.#cached = new Map(cachedPaths(join(root, cachePath)).map((path) => [basename(path), join(root, path)]));
  }

  /** @param searchPath the `DT_RUNPATH` of the library that needs it, with `$ORIGIN` replaced */
  find(name: string, searchPath: readonly string[] = []): string | undefined {
    const inFolders = [...this.#folders, ...searchPath].map((folder) => join(folder, name));
    const cached = this.#cached.get(name);
    const paths = [...inFolders, ...(cached === undefined ? [] : [cached]), ...this.#inDefaults(name)];
    return paths.find((path) => existsSync(path));
  }

  /** Names of libraries that the file needs, itself or through others, and that cannot be found. */
  missing(path: string, seen: Set<string> = new Set()): string[] {
    const needs = readElfNeeds(path);
    if (needs === undefined) return [];
    const searchPath = needs.searchPath.map((folder) => folder.replace(/\$\{?ORIGIN\}?/, dirname(path)));
    return needs.needed.flatMap((name) => {
      if (seen.has(name)) return [];
      seen.add(name);
      const found = this.find(name, searchPath);
      return found === undefined ? [name] : this.missing(found, seen);
    });
  }

  /** Libraries whose names start with the prefix, such as `libcublas.so.`, of whatever version. */
  versionsOf(prefix: string): string[] {
    const inFolders = [...this.#folders, ...this.#defaults].flatMap(namesIn);
    const names = [...inFolders, ...this.#cached.keys()].filter((name) => name.startsWith(prefix));
    return [...new Set(names)].sort();
  }

  #inDefaults(name: string): string[] {
    return this.#defaults.map((folder) => join(folder, name));
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** The cache is a table of offsets followed by the names and paths, each ended by a zero byte. Only the paths matter here. */
function cachedPaths(path: string): string[] {
  try {
    return readFileSync(path, 'latin1')
      .split('\0')
      .filter((text) => /^\/[\x20-\x7e]+\.so[.\d]*$/.test(text));
  } catch {
    return [];
  }
}
