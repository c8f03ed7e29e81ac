/** Fingerprints of pipelines: equal where two machines would give the same results. Main thread. */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { ConfigError } from '../errors.ts';
import type { Pipeline } from './registry.ts';

/** Collisions would need 2^48 versions of a pipeline. */
const fingerprintLength = 24;

/**
 * Hashes the pipeline file, the models that its tools name, and all custom tools, since a pipeline may use any of them.
 * @param toolFiles paths of the custom tools.
 * @returns fingerprint by pipeline id.
 * @throws ConfigError if a file cannot be read.
 */
export async function fingerprintPipelines(
  pipelines: readonly Pipeline[],
  toolFiles: readonly string[],
): Promise<Map<string, string>> {
  const digests = new Map<string, string>();
  const digestOf = async (path: string) => {
    const known = digests.get(path);
    const digest = known ?? (await hashFile(path));
    digests.set(path, digest);
    return digest;
  };
  const fingerprints = new Map<string, string>();
  for (const { id, source, modelFiles } of pipelines) {
    const hash = createHash('sha256').update(source.text);
    for (const path of [...modelFiles, ...toolFiles]) if (existsSync(path)) hash.update(await digestOf(path));
    fingerprints.set(id, hash.digest('hex').slice(0, fingerprintLength));
  }
  return fingerprints;
}

async function hashFile(path: string): Promise<string> {
  try {
    const hash: Hash = createHash('sha256');
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
    return hash.digest('hex');
  } catch (cause) {
    throw new ConfigError([`${path}: ${cause instanceof Error ? cause.message : String(cause)}`], { cause });
  }
}
