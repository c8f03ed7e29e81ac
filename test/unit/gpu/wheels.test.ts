/** The pinned wheels fit the installed onnxruntime-node, and each other. */
import { readFileSync } from 'node:fs';
import { test } from 'tap';
import { installedRuntime } from '../../../src/gpu/folders.ts';
import { pinnedWheels, providersWheel, unpackedBytes } from '../../../src/gpu/wheels.ts';

const lock = JSON.parse(readFileSync(new URL('../../../package-lock.json', import.meta.url), 'utf8')) as {
  readonly packages: Readonly<Record<string, { readonly version?: string }>>;
};

test('the providers have exactly the version of onnxruntime-node: upgrade both together', async (t) => {
  const providers = pinnedWheels().find(({ name }) => name === providersWheel);
  t.equal(providers?.version, lock.packages['node_modules/onnxruntime-node']?.version);
  t.equal(providers?.version, installedRuntime().version);
});

test('each wheel is pinned by version and checksum, and has libraries', async (t) => {
  const wheels = pinnedWheels();
  t.ok(wheels.length > 1);
  for (const { name, version, requirement, files, downloadBytes } of wheels) {
    t.match(requirement, new RegExp(`^${name}==${version} --hash=sha256:[0-9a-f]{64}$`));
    t.ok(files.length > 0 && downloadBytes > 0, name);
    for (const file of files) t.match(file.name, /^lib[\w.-]+\.so[.\d]*$/);
  }
  const names = wheels.flatMap(({ files }) => files.map(({ name }) => name));
  t.equal(new Set(names).size, names.length, 'no library is in two wheels');
});

test('CUDA is of one major version', async (t) => {
  const majors = pinnedWheels().flatMap(({ files }) =>
    files.flatMap(({ name }) => /^lib(?:cudart|cublas|cublasLt|nvrtc)\.so\.(\d+)$/.exec(name)?.[1] ?? []),
  );
  t.strictSame([...new Set(majors)], ['13']);
});

test('the sizes in the guide are those of the list', async (t) => {
  const sum = (bytes: readonly number[]) => (bytes.reduce((total, each) => total + each, 0) / 1e9).toFixed(1);
  const guide = readFileSync(new URL('../../../docs/guides/gpu.md', import.meta.url), 'utf8');
  t.match(guide, `${sum(pinnedWheels().map(({ downloadBytes }) => downloadBytes))} GB`);
  t.match(guide, `${sum(pinnedWheels().map(unpackedBytes))} GB`);
});
