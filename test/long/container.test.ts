/** The container image: built by `deploy/docker/Dockerfile` on a fresh Debian, it serves a frame without root and with a read-only root. */
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import tap, { test } from 'tap';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
/** Two images, and about 400 MB of packages twice, from slow mirrors. */
const timeoutMs = 1_200_000;
const maxOutputBytes = 100_000_000;
/** From the start of the container until it has stopped. */
const maxRunMs = 180_000;
/** Certificates that this machine trusts, for networks with a registry of their own. */
const certificates = '/etc/ssl/certs/ca-certificates.crt';

/** @returns why the test cannot run here; undefined if it can. */
function missing(): string | undefined {
  if (process.getuid?.() !== 0) return 'building an image without a container engine needs root';
  for (const program of ['buildah', 'debootstrap', 'unshare', 'ip']) {
    try {
      execFileSync('sh', ['-c', `command -v ${program}`]);
    } catch {
      return `${program} is missing`;
    }
  }
  return undefined;
}

/** The part of an image's configuration that a container engine uses to start it. */
interface ImageConfig {
  readonly User: string;
  readonly WorkingDir: string;
  readonly StopSignal: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  readonly ExposedPorts: Record<string, unknown>;
  readonly Labels: Record<string, string>;
  readonly Healthcheck: { readonly Test: readonly string[] };
}

/**
 * What an engine does with `--read-only` and the image's configuration: mount and network namespaces of its own, and the user of the image.
 * Arguments: the root of the container, the user, the working directory, and the environment with the path of a shell script.
 */
const container = `
set -e
root=$1 user=$2; shift 2
ip link set lo up
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -o remount,bind,ro "$root"
exec chroot --userspec="$user" "$root" /usr/bin/env -i "$@"
`;

const skip = missing();
tap.setTimeout(timeoutMs);

test('the image serves a frame, without root and with a read-only root', {
  ...(skip && { skip }),
  timeout: timeoutMs,
}, async (t) => {
  // Not in the checkout: it would become a part of the build's context.
  const folder = mkdtempSync(join(tmpdir(), 'framegate-container-'));
  const storage = ['--root', join(folder, 'images'), '--runroot', join(folder, 'run'), '--storage-driver', 'vfs'];
  const buildah = async (...args: string[]) => {
    const env = { ...process.env, BUILDAH_ISOLATION: 'chroot' };
    const options = { cwd: root, env, maxBuffer: maxOutputBytes };
    return (await run('buildah', [...storage, ...args], options)).stdout.trim();
  };
  t.teardown(async () => {
    await buildah('umount', '--all').catch(() => undefined);
    rmSync(folder, { recursive: true, force: true });
  });

  const system = join(folder, 'base/system');
  await run('debootstrap', ['--variant=minbase', 'bookworm', system], { maxBuffer: maxOutputBytes });
  writeFileSync(join(folder, 'base/Dockerfile'), 'FROM scratch\nCOPY system/ /\n');
  await buildah('bud', '--quiet', '--tag', 'localhost/base', join(folder, 'base'));

  // The build needs some Node with npm: the one of this machine.
  const tools = join(folder, 'build/tools');
  const npm = execFileSync('sh', ['-c', 'dirname "$(dirname "$(readlink -f "$(command -v npm)")")"'], {
    encoding: 'utf8',
  }).trim();
  for (const path of ['usr/bin', 'usr/lib/node_modules', 'etc/ssl/certs'])
    mkdirSync(join(tools, path), { recursive: true });
  cpSync(realpathSync(process.execPath), join(tools, 'usr/bin/node'));
  cpSync(npm, join(tools, 'usr/lib/node_modules/npm'), { recursive: true });
  cpSync(certificates, join(tools, certificates), { dereference: true });
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(tools, 'usr/bin/npm'));
  writeFileSync(
    join(folder, 'build/Dockerfile'),
    `FROM localhost/base\nCOPY tools/ /\nENV NODE_EXTRA_CA_CERTS=${certificates}\n`,
  );
  await buildah('bud', '--quiet', '--tag', 'localhost/build', join(folder, 'build'));

  const images = ['--build-arg', 'BUILD_IMAGE=localhost/build', '--build-arg', 'RUNTIME_IMAGE=localhost/base'];
  await buildah(
    'bud',
    '--format',
    'docker',
    ...images,
    '--file',
    'deploy/docker/Dockerfile',
    '--tag',
    'localhost/framegate',
    '.',
  );

  const { Docker } = JSON.parse(await buildah('inspect', '--type', 'image', 'localhost/framegate')) as {
    Docker: { config: ImageConfig };
  };
  const { User, WorkingDir, StopSignal, Env, Entrypoint, Cmd, ExposedPorts, Labels, Healthcheck } = Docker.config;
  t.notMatch(User, /^(0|root)?(:|$)/);
  t.equal(StopSignal, 'SIGTERM');
  t.same(Object.keys(ExposedPorts), ['8000/tcp']);
  t.equal(Labels['org.opencontainers.image.title'], 'framegate');
  const [kind, ...healthcheck] = Healthcheck.Test;
  t.equal(kind, 'CMD');

  const script = `
cd ${WorkingDir}
touch /probe ${WorkingDir}/probe /tmp/probe 2>&1
echo "user $(id -u)"
${healthcheck.join(' ')}; echo "before $?"
${[...Entrypoint, ...Cmd].join(' ')} 2>&1 & gateway=$!
for second in $(seq 60); do ${healthcheck.join(' ')} && break; sleep 1; done
echo "health $?"
${Entrypoint.join(' ')} send docs/examples/car.jpg
kill -s ${StopSignal.replace('SIG', '')} $gateway; wait $gateway; echo "exit $?"`;
  const mounted = await buildah('mount', await buildah('from', 'localhost/framegate'));
  const inside = ['sh', '-c', container, 'sh', mounted, User, ...Env, 'sh', '-c', script];
  const { stdout } = await run('unshare', ['--mount', '--pid', '--net', '--kill-child', ...inside], {
    timeout: maxRunMs,
    maxBuffer: maxOutputBytes,
  });
  t.equal(stdout.match(/Read-only file system/g)?.length, 3, stdout);
  t.match(stdout, `user ${User.split(':')[0]}\n`);
  t.match(stdout, 'before 1\n', 'the health check fails while nothing listens');
  t.match(stdout, 'health 0\n');
  t.match(stdout, '"text":"AB123CD"');
  t.match(stdout, 'exit 0\n');
});
