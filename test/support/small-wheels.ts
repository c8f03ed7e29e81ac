/** Wheels of a few bytes, in a folder that pip takes for a package index. Tests only. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Wheel } from '../../src/gpu/wheels.ts';

/** Writes a wheel with Python's own zipfile. Arguments: path, name, version, then path and content of each file. */
const script = `
import sys, zipfile
path, name, version, *files = sys.argv[1:]
info = f'{name.replace("-", "_")}-{version}.dist-info'
with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as wheel:
    for file, content in zip(files[::2], files[1::2]):
        wheel.writestr(file, content)
    wheel.writestr(f'{info}/METADATA', f'Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n')
    wheel.writestr(f'{info}/WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: false\\nTag: py3-none-manylinux_2_17_x86_64\\n')
    wheel.writestr(f'{info}/RECORD', '')
`;

/** @returns why pip cannot be used here; undefined if it can. */
export function missingPip(): string | undefined {
  const { status } = spawnSync('python3', ['-m', 'pip', '--version']);
  return status === 0 ? undefined : 'Python with pip is not installed';
}

/** @param files content by path inside the wheel; those with `.so` in their names are its libraries */
export function writeWheel(
  folder: string,
  name: string,
  version: string,
  files: Readonly<Record<string, string>>,
): Wheel {
  const path = join(folder, `${name.replaceAll('-', '_')}-${version}-py3-none-manylinux_2_17_x86_64.whl`);
  execFileSync('python3', ['-c', script, path, name, version, ...Object.entries(files).flat()]);
  const hash = createHash('sha256').update(readFileSync(path)).digest('hex');
  return {
    name,
    version,
    requirement: `${name}==${version} --hash=sha256:${hash}`,
    downloadBytes: statSync(path).size,
    files: Object.entries(files)
      .filter(([file]) => file.includes('.so'))
      .map(([file, content]) => ({ name: file.split('/').at(-1) ?? '', bytes: content.length })),
  };
}

/** pip's environment, in which it uses only that folder. */
export function indexEnvironment(folder: string): Record<string, string | undefined> {
  return { ...process.env, PIP_NO_INDEX: '1', PIP_FIND_LINKS: folder, PIP_CONFIG_FILE: '/dev/null' };
}
