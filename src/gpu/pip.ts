/** Downloads wheels with the machine's own pip, which knows its package index, proxies, and certificates. Main thread. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** The platforms of the pinned wheels. pip matches each name exactly. */
const platforms = [
  'manylinux_2_28',
  'manylinux_2_27',
  'manylinux_2_17',
  'manylinux2014',
  'manylinux_2_12',
  'manylinux2010',
];

/** The Python for which the wheel of onnxruntime-gpu is made. Only its libraries are used, so the machine's own Python does not matter. */
const pythonVersion = '3.11';

export interface Download {
  /** A requirements file with checksums. */
  readonly requirements: string;
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** pip draws its progress bar on standard error. */
  readonly showProgress: boolean;
  readonly signal: AbortSignal;
}

/**
 * Downloads what the file names, and nothing that those need.
 * @returns why it failed, in one line; undefined if everything is there.
 */
export async function downloadWheels(download: Download): Promise<string | undefined> {
  const { requirements, folder, env, showProgress, signal } = download;
  const args = ['-m', 'pip', 'download', '--disable-pip-version-check', '--no-input', '--no-cache-dir'];
  args.push('--require-hashes', '--no-deps', '--only-binary', ':all:');
  args.push('--python-version', pythonVersion, '--implementation', 'cp');
  args.push(...platforms.flatMap((name) => ['--platform', `${name}_x86_64`]));
  args.push('--requirement', requirements, '--dest', folder);
  if (!showProgress) args.push('--quiet', '--progress-bar', 'off');
  // pip writes its progress to standard output, which belongs to the command's own result.
  const child = spawn('python3', args, { env, signal, stdio: ['ignore', showProgress ? 2 : 'ignore', 'pipe'] });
  const exit = exitOf(child);
  const issues: string[] = [];
  for await (const line of createInterface({ input: child.stderr as NonNullable<typeof child.stderr> })) {
    if (line.trim() !== '' && !/^WARNING|^DEPRECATION/.test(line)) issues.push(line.trim());
  }
  return issueOf(await exit, issues);
}

/** The error of the start, such as a missing program, or the exit code. */
function exitOf(child: ReturnType<typeof spawn>): Promise<NodeJS.ErrnoException | number> {
  return new Promise((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) => resolve(error));
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

function issueOf(exit: NodeJS.ErrnoException | number, issues: readonly string[]): string | undefined {
  if (exit === 0) return undefined;
  if (typeof exit !== 'number') {
    return exit.code === 'ENOENT' ? 'python3 is missing; install Python 3 with pip' : exit.message;
  }
  if (issues.some((line) => line.includes('No module named pip')))
    return 'Python has no pip; install it, on Debian and Ubuntu with: apt install python3-pip';
  // The last error line is the most general one; a wrong checksum is on its own lines.
  const mismatch = issues.find((line) => line.includes('DO NOT MATCH THE HASHES'));
  const error = issues.filter((line) => line.startsWith('ERROR:')).at(-1) ?? issues.at(-1) ?? `exit code ${exit}`;
  return `pip: ${(mismatch ?? error).replace(/^ERROR: /, '')}`;
}
