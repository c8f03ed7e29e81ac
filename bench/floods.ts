/** `npm run bench:floods`: what floods do to cameras that work, to the gateway's memory, and to its log. Linux only. */
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
  .description('Floods a gateway of its own beside working cameras, and tells what these notice. Linux only.')
  .argument('[names...]', 'floods or groups of them; without a name all')
  .option('--seconds <n>', 'how long each window is', aboveZero, 6)
  .option('--rounds <n>', 'windows without and with the flood, in turn', wholeNumber, 2)
  .option('--cameras <n>', 'working cameras', wholeNumber, 16)
  .option('--fps <n>', 'frames a second of each', aboveZero, 15)
  .option('--addresses <n>', 'addresses that the attacker has', wholeNumber, 1)
  .option('--scale <n>', 'size of the flood, 1 as described', aboveZero, 1)
  .option('--recover <s>', 'how long memory may take to come back', aboveZero, 30)
  .option('--json', 'print one JSON object a flood')
  .option('--list', 'tell the floods and end')
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
    `attackers run at nice 19, from ${addresses} ${addresses === 1 ? 'address' : 'addresses'} from 127.0.1.1 on\n`,
  ].join('\n');
}

function aboveZero(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}

function wholeNumber(text: string): number {
  const value = aboveZero(text);
  if (!Number.isInteger(value)) throw new InvalidArgumentError('It must be a whole number above 0.');
  return value;
}
