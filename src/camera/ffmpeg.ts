/** Finds ffmpeg and asks its version. Main thread. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ConfigError } from '../errors.ts';
import type { FfmpegVersion } from './ffmpeg-arguments.ts';

/** A program that does not tell its version in this time is broken. */
const versionTimeoutMs = 10_000;

const installHint =
  'install it with `apt install ffmpeg` (Debian, Ubuntu, Raspberry Pi OS) or `brew install ffmpeg` (macOS)';

/** Builds from its repository have no version number, and are new. */
const newest: FfmpegVersion = { major: Number.POSITIVE_INFINITY, minor: 0 };

/** @throws ConfigError when ffmpeg or ffprobe is not on PATH, with what to install. */
export async function findFfmpeg(): Promise<FfmpegVersion> {
  const [version] = await Promise.all([versionOf('ffmpeg'), versionOf('ffprobe')]);
  return version;
}

async function versionOf(program: string): Promise<FfmpegVersion> {
  try {
    const { stdout } = await promisify(execFile)(program, ['-version'], { timeout: versionTimeoutMs });
    const match = /version n?(\d+)\.(\d+)/.exec(stdout);
    return match === null ? newest : { major: Number(match[1]), minor: Number(match[2]) };
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const reason = isMissing ? `${program} is not on the PATH; ${installHint}` : `${program} does not run: ${cause}`;
    throw new ConfigError([reason], { cause });
  }
}
