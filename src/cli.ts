/**
 * The command line: what each command is called, what it takes, and how its failures are told. A command is imported when it
 * runs: all of them together take a quarter of a second and 30 MB, which the server would carry for as long as it lives.
 */
import { readFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { BenchFlags } from './cli/bench.ts';
import type { CameraFlags } from './cli/camera.ts';
import { maxFps, maxStallTimeoutS, maxWidth } from './cli/camera-limits.ts';
import { replaceDeprecatedFlags } from './cli/deprecated-flags.ts';
import type { ListPipelinesFlags } from './cli/list-pipelines.ts';
import type { ModelsFlags } from './cli/models.ts';
import { exitWithLauncher, exitWithNpm } from './cli/parent-watch.ts';
import { printable } from './cli/printable.ts';
import type { SendOptions } from './cli/send.ts';
import type { ServeFlags } from './cli/serve.ts';
import { warn } from './cli/warn.ts';
import { ConfigError, configExitCode, exitCodeOf } from './errors.ts';
import { stderrWriter } from './observe/line-writer.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const addressHelp = 'the gateway: host:port, or a base that ends with /, or the whole address of a stream';

const program = new Command('framegate')
  .description('Low-latency inference on live camera frames over WebSocket.')
  .version(version)
  .showHelpAfterError()
  // A wrong flag is a fault of the set-up like any other. The commands below inherit this.
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : configExitCode))
  .addHelpText('after', '\nEvery setting is an environment variable; see the README.');

program
  .command('serve')
  .description('run the gateway until SIGTERM or Ctrl-C')
  .option('--host <host>', 'address to listen on (HOST, default 127.0.0.1)')
  .option('--port <port>', 'port to listen on (PORT, default 8000)')
  .option('--workers <n>', 'worker threads (POOL_WORKERS, default: CPU count, minus one on three or more cores)')
  .option('--models-dir <dir>', 'models, pipelines/*.json and tools/*.mjs (MODELS_DIR)')
  .action(async (flags: ServeFlags) => {
    const { serve } = await import('./cli/serve.ts');
    await serve(flags);
  });

program
  .command('send')
  .description('send JPEG files as a camera would; prints one JSON line for each reply')
  .argument('<path...>', 'JPEG files, or folders of them')
  .option('-p, --pipeline <id>', 'pipeline to run', 'yolo_ocr')
  .option('-u, --url <url>', addressHelp, 'ws://127.0.0.1:8000')
  .option(
    '--fps <n>',
    'send at this rate; without it, each frame waits for the reply to the one before',
    positiveNumber,
  )
  .action(async (paths: string[], options: SendOptions) => {
    const { send } = await import('./cli/send.ts');
    process.exitCode = await send(paths, options);
  });

program
  .command('camera')
  .description(
    'send what cameras, streams or video files show, always the newest frame; docs/guides/ip-cameras.md has recipes',
  )
  .argument('[source...]', 'rtsp://…, http://… (MJPEG or other video), /dev/video0, or a video file')
  .option('-p, --pipeline <id>', 'pipeline to run', 'yolo_ocr')
  .option('-u, --url <url>', addressHelp, 'ws://127.0.0.1:8000')
  .option('--fps <n>', 'frames a second at most; without it as many as the gateway takes', numberUpTo(maxFps))
  .option('--width <pixels>', 'make wider pictures smaller', wholeNumberUpTo(maxWidth))
  .option('--quality <n>', 'encode with this JPEG quality, 1 to 100', wholeNumberUpTo(100))
  .option('--loop', 'play files again and again')
  .option('--reconnect', 'come back when a source was lost (live sources do)')
  .option('--no-reconnect', 'end when a source was lost')
  .addOption(new Option('--rtsp-transport <how>', 'how an RTSP camera sends: tcp, udp').choices(['tcp', 'udp']))
  .option(
    '--stall-timeout <s>',
    'seconds without a frame after which a source counts as lost',
    numberUpTo(maxStallTimeoutS, 1),
    10,
  )
  .option('--sources <file>', 'JSON file with cameras, each with its own options')
  .option('--json', 'print JSON lines on a terminal too')
  .action(async (sources: string[], flags: CameraFlags) => {
    const { camera } = await import('./cli/camera.ts');
    process.exitCode = await camera(sources, flags);
  });

program
  .command('bench')
  .description(
    'load the gateway with cameras and print what they saw; docs/operations/benchmarking.md explains every line',
  )
  .option('-p, --pipeline <id>', 'pipeline to run', 'yolo_ocr')
  .option('-u, --url <url>', addressHelp, 'ws://127.0.0.1:8000')
  .option('-c, --cameras <n>', 'how many, all at --fps; or N@FPS[,N@FPS...], each with its own rate', '8')
  .option('--fps <n>', 'frames a second of each camera', '15')
  .option('-d, --duration <s>', 'seconds that are counted', '10')
  .option('--warmup <s>', 'seconds before, which are not counted', '2')
  .option('--ramp <s>', 'seconds over which the cameras join, before the warm-up', '0')
  .option('--drain-timeout <s>', 'seconds to wait for the last replies', '6')
  .option('--phase <how>', 'staggered: evenly over the interval; aligned: all cameras at once', 'staggered')
  .option('--adaptive', 'halve the rate of a camera on slow_down, then raise it slowly')
  .option('--slow-readers <n>', 'further cameras that never read; N or N@FPS')
  .option('--frames <path>', 'JPEG file or folder to send; without it, eight rendered frames of 640x480')
  .option('--threads <n>', 'threads that generate the load', '1')
  .option('--json', 'print one JSON object')
  .action(async (flags: BenchFlags) => {
    const { bench } = await import('./cli/bench.ts');
    process.exitCode = await bench(flags);
  });

program
  .command('pipelines')
  .description('check every pipeline file and list what is there')
  .option('--models-dir <dir>', 'where to look (MODELS_DIR)')
  .option('--json', 'print a JSON array')
  .action(async (flags: ListPipelinesFlags) => {
    const { listPipelines } = await import('./cli/list-pipelines.ts');
    await listPipelines(flags);
  });

const models = program
  .command('models')
  .description('list the models with output format, input, classes, provider and speed on this machine')
  .option('--models-dir <dir>', 'where to look (MODELS_DIR)')
  .option('--json', 'print JSON')
  .action(async (flags: ModelsFlags) => {
    const { listModels } = await import('./cli/models.ts');
    await listModels(flags);
  });

models
  .command('inspect <file>')
  .description('tell all about one .onnx file, with a pipeline that uses it')
  .option('--models-dir <dir>', 'where the pipeline will look (MODELS_DIR)')
  .option('--json', 'print JSON')
  // The options of `models` have the same names and take them first.
  .action(async (file: string, _: ModelsFlags, command: Command) => {
    const { inspectModel } = await import('./cli/inspect-model.ts');
    await inspectModel(file, command.optsWithGlobals());
  });

function positiveNumber(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}

function numberUpTo(max: number, min = 0): (text: string) => number {
  return (text) => {
    const value = positiveNumber(text);
    if (value < min) throw new InvalidArgumentError(`It must be at least ${min}.`);
    if (value > max) throw new InvalidArgumentError(`It must be at most ${max}.`);
    return value;
  };
}

function wholeNumberUpTo(max: number): (text: string) => number {
  return (text) => {
    const value = numberUpTo(max)(text);
    if (!Number.isInteger(value)) throw new InvalidArgumentError('It must be a whole number.');
    return value;
  };
}

// As if it had been told: every command that runs on has its own way to stop.
const end = () => process.kill(process.pid, 'SIGTERM');
exitWithLauncher(end);
exitWithNpm(end);

try {
  const args = replaceDeprecatedFlags(process.argv.slice(2), warn);
  await program.parseAsync(args, { from: 'user' });
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  const writer = stderrWriter(() => '');
  for (const issue of error.issues) writer.write(`framegate: ${printable(issue)}\n`);
  writer.flush();
  process.exit(exitCodeOf(error));
}
