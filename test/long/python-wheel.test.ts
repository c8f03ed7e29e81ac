/** The Python client as a wheel: it builds, installs into an empty environment, and sends a frame from there. */
import { execFile } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import tap, { test } from 'tap';
import { startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';

const run = promisify(execFile);
const source = fileURLToPath(new URL('../../clients/python', import.meta.url));
const python = process.env['PYTHON'] ?? 'python3';
/** Downloading the build tools and `websockets` from a slow mirror. */
const timeoutMs = 180_000;
tap.setTimeout(timeoutMs);

const program = `
import sys
from framegate_client.sync import connect
with connect(sys.argv[1], "echo") as stream, open(sys.argv[2], "rb") as file:
    print(type(stream.send(file.read())).__name__)
`;

/** Runs pip. @returns why it cannot work here, or `undefined` if it succeeded. */
async function pip(interpreter: string, args: readonly string[]): Promise<string | undefined> {
  const quiet = ['--quiet', '--disable-pip-version-check', '--retries', '1'];
  try {
    await run(interpreter, ['-m', 'pip', ...args, ...quiet]);
    return undefined;
  } catch (error) {
    const { stderr = String(error) } = error as { stderr?: string };
    // Anything else is a failure of the package.
    if (!/ENOENT|No module named (pip|venv)|Could not find a version|NewConnectionError|Temporary failure/.test(stderr))
      throw error;
    return `pip cannot download packages: ${stderr.trim().split('\n').at(-1)}`;
  }
}

const folder = tap.testdir({ wheels: {} });
const wheels = join(folder, 'wheels');
const interpreter = join(folder, 'empty/bin/python');

/** Builds the wheel, and installs it into a new environment. @returns why that cannot work here, if so. */
async function install(): Promise<string | undefined> {
  // pip leaves build files next to the source.
  const copy = join(folder, 'python');
  cpSync(source, copy, { recursive: true });
  const reason = await pip(python, ['wheel', '--no-deps', '--wheel-dir', wheels, copy]);
  if (reason !== undefined) return reason;
  await run(python, ['-m', 'venv', join(folder, 'empty')]);
  return pip(interpreter, ['install', ...readdirSync(wheels).map((name) => join(wheels, name))]);
}

const reason = await install();

test('the wheel, in an empty environment, sends a frame', reason === undefined ? {} : { skip: reason }, async (t) => {
  const version = /version = "([^"]+)"/.exec(readFileSync(join(source, 'pyproject.toml'), 'utf8'))?.[1];
  t.strictSame(readdirSync(wheels), [`framegate_client-${version}-py3-none-any.whl`]);
  const gateway = await startGateway({ POOL_WORKERS: '1' });
  t.teardown(() => gateway.kill());
  const frame = join(folder, 'frame.jpg');
  writeFileSync(frame, encodeGradient(16, 16));
  const { stdout } = await run(interpreter, ['-c', program, gateway.httpUrl, frame], { cwd: wheels });
  t.equal(stdout.trim(), 'Result');
});
