/**
 * The command line: commands, options, and error output. A command is imported when it runs: all of them together take a quarter of a
 * second to load and 30 MB, which the server would keep for its whole life.
 */
import './cli/gpu-libraries.ts';
import { Command, Option } from 'commander';
import type { BatchFlags } from './cli/batch-model.ts';
import type { BenchFlags } from './cli/bench.ts';
import type { CameraFlags } from './cli/camera.ts';
import { maxFps, maxStallTimeoutS, maxWidth } from './cli/camera-limits.ts';
import { exitWithReader } from './cli/closed-output.ts';
import { replaceDeprecatedFlags } from './cli/deprecated-flags.ts';
import { addGpuCommands } from './cli/gpu-commands.ts';
import type { ListPipelinesFlags } from './cli/list-pipelines.ts';
import type { ModelsFlags } from './cli/models.ts';
import { numberIn } from './cli/number-option.ts';
import { exitWithLauncher, exitWithNpm } from './cli/parent-watch.ts';
import { printable } from './cli/printable.ts';
import type { ReloadFlags } from './cli/reload.ts';
import type { SendOptions } from './cli/send.ts';
import type { ServeFlags } from './cli/serve.ts';
import { addTokenCommands } from './cli/token-commands.ts';
import { warn } from './cli/warn.ts';
import type { WorkerFlags } from './cli/worker.ts';
import { ConfigError, configExitCode, exitCodeOf } from './errors.ts';
import { stderrWriter } from './observe/line-writer.ts';
import { version } from './version.ts';

/** The highest `kernel.pid_max` on Linux. */
const maxPid = 4_194_304;

const addressHelp = 'gateway address: host:port, a base URL ending in /, or a full stream URL';

const program = new Command('framegate')
  .description('Low-latency inference on live camera frames over WebSocket.')
  .version(version)
  .showHelpAfterError()
  // A wrong flag is a configuration error like any other. The commands below inherit this.
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : configExitCode))
  .addHelpText('after', '\nAll settings are environment variables; see docs/reference/configuration.md.');

program
  .command('serve')
  .description('run the gateway until SIGTERM or Ctrl-C')
  .option('--host <host>', 'address to listen on (HOST, default 127.0.0.1)')
  .option('--port <port>', 'port to listen on (PORT, default 8000)')
  .option('--admin-host <host>', 'address of the admin listener (ADMIN_HOST, default 127.0.0.1)')
  .option('--admin-port <port>', 'port for the admin routes only (ADMIN_PORT, default: they are on the main port)')
  .option(
    '--workers <n>',
    'worker threads; 0 with --nats (POOL_WORKERS, default: CPU count, minus one on three or more cores)',
  )
  .option('--models-dir <dir>', 'models, pipelines/*.json and tools/*.mjs (MODELS_DIR)')
  .option('--nats <url>', 'address of a NATS broker, to use worker hosts too (NATS_URL)')
  .option('--group <name>', 'gateways and hosts of a group work together (NATS_GROUP)')
  .action(async (flags: ServeFlags) => {
    const { serve } = await import('./cli/serve.ts');
    await serve(flags);
  });

program
  .command('worker')
  .description('run frames of gateways on this host, through a NATS broker, until SIGTERM or Ctrl-C')
  .option('--nats <url>', 'address of the broker (NATS_URL)')
  .option('--group <name>', 'gateways and hosts of a group work together (NATS_GROUP)')
  .option('--name <name>', 'name of this host in logs and lists (HOST_NAME, default: the name of the machine)')
  .option('--workers <n>', 'worker threads (POOL_WORKERS, default: CPU count, minus one on three or more cores)')
  .option('--models-dir <dir>', 'the same models, pipelines and tools as on the gateways (MODELS_DIR)')
  .option('--admin-host <host>', 'address of the admin listener (ADMIN_HOST, default 127.0.0.1)')
  .option('--admin-port <port>', 'port for health, readiness and metrics (ADMIN_PORT, default: no listener)')
  .action(async (flags: WorkerFlags) => {
    const { work } = await import('./cli/worker.ts');
    await work(flags);
  });

program
  .command('reload')
  .description(
    'make a gateway on this machine read its pipelines, models, tokens, and certificate again; reports the outcome',
  )
  .option('-u, --url <url>', `${addressHelp}; of the admin listener, if there is one`, 'ws://127.0.0.1:8000')
  .option(
    '--pid <pid>',
    'process id of the gateway; without it, found by the port',
    numberIn({ min: 1, max: maxPid, isWhole: true }),
  )
  .option('--token <token>', 'token for the gateway; other users of the machine can see it, so prefer FRAMEGATE_TOKEN')
  .option('--token-file <file>', 'file with the token')
  .action(async (flags: ReloadFlags) => {
    const { reload } = await import('./cli/reload.ts');
    process.exitCode = await reload(flags);
  });

program
  .command('send')
  .description('send JPEG files like a camera; prints one JSON line per reply')
  .argument('[path...]', 'JPEG files or folders of JPEG files')
  .option('--sample', 'send the eight built-in frames; a file is named after the text of its plate')
  .option('-p, --pipeline <id>', 'pipeline to run', 'yolo_ocr')
  .option('-u, --url <url>', addressHelp, 'ws://127.0.0.1:8000')
  .option('--token <token>', 'token for the gateway; other users of the machine can see it, so prefer FRAMEGATE_TOKEN')
  .option('--token-file <file>', 'file with the token')
  .option(
    '--fps <n>',
    'frames per second; without it, each frame is sent after the reply to the previous one',
    numberIn({ above: 0 }),
  )
  .action(async (paths: string[], options: SendOptions) => {
    const { send } = await import('./cli/send.ts');
    process.exitCode = await send(paths, options);
  });

program
  .command('camera')
  .description('send the newest frames of cameras, streams or video files; see docs/guides/ip-cameras.md')
  .argument('[source...]', 'rtsp://…, http://… (MJPEG or other video), /dev/video0, or a video file')
  .option('-p, --pipeline <id>', 'pipeline to run', 'yolo_ocr')
  .option('-u, --url <url>', addressHelp, 'ws://127.0.0.1:8000')
  .option('--token <token>', 'token for the gateway; other users of the machine can see it, so prefer FRAMEGATE_TOKEN')
  .option('--token-file <file>', 'file with the token')
  .option(
    '--fps <n>',
    'maximum frames per second; without it, as many as the gateway can process',
    numberIn({ above: 0, max: maxFps }),
  )
  .option(
    '--width <pixels>',
    'scale wider frames down to this width',
    numberIn({ min: 1, max: maxWidth, isWhole: true }),
  )
  .option('--quality <n>', 'JPEG quality, 1 to 100', numberIn({ min: 1, max: 100, isWhole: true }))
  .option('--name <name>', 'name of the camera at the gateway; without it, the host or the file')
  .option('--loop', 'restart files at their end')
  .option('--reconnect', 'reconnect to a lost source (default for live sources)')
  .option('--no-reconnect', 'exit when a source is lost')
  .addOption(new Option('--rtsp-transport <how>', 'RTSP transport: tcp, udp').choices(['tcp', 'udp']))
  .option(
    '--stall-timeout <s>',
    'seconds without a frame after which a source is considered lost',
    numberIn({ min: 1, max: maxStallTimeoutS }),
    10,
  )
  .option('--sources <file>', 'JSON file with cameras and their options')
  .option('--json', 'print JSON lines even on a terminal')
  .option('--events-only', 'print a JSON line per event instead of one per frame')
  .option(
    '--publish <url>',
    'publish events to mqtts://USER@HOST/PREFIX or to a webhook, https://…; repeatable; see docs/guides/events.md',
    (url: string, urls: string[] = []) => [...urls, url],
  )
  .option('--mqtt-password-file <file>', 'file with the password of the MQTT user (FRAMEGATE_MQTT_PASSWORD)')
  .option('--webhook-secret-file <file>', 'file with the secret that signs webhooks (FRAMEGATE_WEBHOOK_SECRET)')
  .option('--publish-ca <file>', 'PEM file with the certificate authorities to trust instead of the usual ones')
  .option('--publish-cert <file>', 'PEM file with a client certificate')
  .option('--publish-key <file>', 'PEM file with its key')
  .option('--home-assistant', 'announce counts and last texts to Home Assistant, at MQTT targets')
  .action(async (sources: string[], flags: CameraFlags) => {
    const { camera } = await import('./cli/camera.ts');
    process.exitCode = await camera(sources, flags);
  });

program
  .command('bench')
  .description('load the gateway with simulated cameras and print results; see docs/operations/benchmarking.md')
  .option('-p, --pipeline <id>', 'pipeline to run', 'yolo_ocr')
  .option('-u, --url <url>', addressHelp, 'ws://127.0.0.1:8000')
  .option('--token <token>', 'token for the gateway; other users of the machine can see it, so prefer FRAMEGATE_TOKEN')
  .option('--token-file <file>', 'file with the token')
  .option('-c, --cameras <n>', 'number of cameras at --fps, or N@FPS[,N@FPS...] for different rates', '8')
  .option('--fps <n>', 'frames per second and camera', '15')
  .option('-d, --duration <s>', 'seconds to measure', '10')
  .option('--warmup <s>', 'seconds to run before measuring', '2')
  .option('--ramp <s>', 'seconds over which cameras connect, before the warm-up', '0')
  .option('--drain-timeout <s>', 'seconds to wait for the last replies', '6')
  .option('--phase <how>', 'staggered: frames distributed over the interval; aligned: all cameras at once', 'staggered')
  .option('--adaptive', 'halve the rate of a camera on slow_down, then raise it slowly')
  .option('--slow-readers <n>', 'additional cameras that never read replies: N or N@FPS')
  .option('--frames <path>', 'JPEG file or folder to send; without it, the eight built-in frames of 640x480')
  .option('--threads <n>', 'threads that generate load', '1')
  .option('--json', 'print one JSON object')
  .action(async (flags: BenchFlags) => {
    const { bench } = await import('./cli/bench.ts');
    process.exitCode = await bench(flags);
  });

program
  .command('pipelines')
  .description('check all pipeline files and list the pipelines')
  .option('--models-dir <dir>', 'models folder (MODELS_DIR)')
  .option('--json', 'print a JSON array')
  .action(async (flags: ListPipelinesFlags) => {
    const { listPipelines } = await import('./cli/list-pipelines.ts');
    await listPipelines(flags);
  });

const models = program
  .command('models')
  .description('list models with output format, input, classes, provider, and speed on this machine')
  .option('--models-dir <dir>', 'models folder (MODELS_DIR)')
  .option('--json', 'print JSON')
  .action(async (flags: ModelsFlags) => {
    const { listModels } = await import('./cli/models.ts');
    await listModels(flags);
  });

models
  .command('inspect <file>')
  .description('describe an .onnx file and print a pipeline that uses it')
  .option('--models-dir <dir>', 'models folder of the pipeline (MODELS_DIR)')
  .option('--json', 'print JSON')
  // The parent command `models` has options of the same names and consumes them first.
  .action(async (file: string, _: ModelsFlags, command: Command) => {
    const { inspectModel } = await import('./cli/inspect-model.ts');
    await inspectModel(file, command.optsWithGlobals());
  });

models
  .command('batch <file>')
  .description('write a copy of an .onnx file with a free batch dimension, if it gives the same results')
  .option('-o, --output <file>', 'file to write (default: FILE with -batch before .onnx)')
  .option('--force', 'overwrite an existing file, even the original')
  .action(async (file: string, flags: BatchFlags) => {
    const { batchModel } = await import('./cli/batch-model.ts');
    await batchModel(file, flags);
  });

addGpuCommands(program);
addTokenCommands(program);

// Every long-running command handles SIGTERM itself.
const end = () => process.kill(process.pid, 'SIGTERM');
exitWithLauncher(end);
exitWithNpm(end);
exitWithReader();

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
