/** `npm run bench:floods`: effect of floods on working cameras, the gateway's memory and its log. Linux only. */
import { Command, InvalidArgumentError } from 'commander';
import { selectFloods } from './floods/all.ts';
import type { Flood } from './floods/flood.ts';
import { measureFlood } from './floods/measure.ts';
import { describeFlood } from './floods/report-text.ts';

interface Flags {
  readonly seconds: number;
  readonly rounds: number;
  readonly cameras: number;
  readonly fps: number;
  readonly addresses: number;
  readonly scale: number;
  readonly recover: number;
  readonly json?: boolean;
  readonly list?: boolean;
}

const command = new Command('npm run bench:floods --')
  .description('Floods a gateway while cameras use it, and measures the effect on the cameras. Linux only.')
  .argument('[names...]', 'floods or groups of floods (default: all)')
  .option('--seconds <n>', 'length of each window in seconds', positiveNumber, 6)
  .option('--rounds <n>', 'rounds of one window without and one with the flood', wholeNumber, 2)
  .option('--cameras <n>', 'working cameras', wholeNumber, 16)
  .option('--fps <n>', 'frames per second of each camera', positiveNumber, 15)
  .option('--addresses <n>', 'number of attacker IP addresses', wholeNumber, 1)
  .option('--scale <n>', 'size of the flood relative to its description', positiveNumber, 1)
  .option('--recover <s>', 'maximum seconds for memory to recover', positiveNumber, 30)
  .option('--json', 'print one JSON object per flood')
  .option('--list', 'list the floods and exit')
  .parse();
const { json, list, recover, ...options } = command.opts<Flags>();
const floods = chosen();
if (list) for (const { name, about } of floods) process.stdout.write(`${name}: ${about}\n`);
else {
  if (!json) process.stdout.write(`${headline()}\n`);
  for (const flood of floods) {
    try {
      const report = await measureFlood(flood, { ...options, recoverSeconds: recover });
      process.stdout.write(`${json ? JSON.stringify(report) : describeFlood(report)}\n`);
    } catch (error) {
      const failed = error instanceof Error ? error.message : String(error);
      process.stdout.write(json ? `${JSON.stringify({ name: flood.name, failed })}\n` : `${flood.name}: ${failed}\n\n`);
      process.exitCode = 1;
    }
  }
}

function chosen(): readonly Flood[] {
  try {
    return selectFloods(command.args);
  } catch (error) {
    return command.error(error instanceof Error ? `error: ${error.message}; see --list` : String(error), {
      exitCode: 2,
    });
  }
}

function headline(): string {
  const { cameras, fps, seconds, rounds, addresses } = options;
  return [
    `${cameras} cameras at ${fps} fps (pipeline echo), windows of ${seconds} s, ${rounds} rounds`,
    `attackers run at nice 19 on ${addresses} ${addresses === 1 ? 'address' : 'addresses'} starting at 127.0.1.1\n`,
  ].join('\n');
}

function positiveNumber(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}

function wholeNumber(text: string): number {
  const value = positiveNumber(text);
  if (!Number.isInteger(value)) throw new InvalidArgumentError('It must be a whole number above 0.');
  return value;
}
