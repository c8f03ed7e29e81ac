/** `npm run bench:hosts`: frames on other hosts through a broker, with hosts whose tool sleeps, so that one machine can stand for many. */
import { Command, Option } from 'commander';
import { writePaddedFrame } from './hosts/padded-frame.ts';
import { stopAll } from './hosts/processes.ts';
import { brokerRestart, kills, latency, type Scenario, scaling, sharing, waiting } from './hosts/scenarios.ts';
import { transport } from './hosts/transport.ts';

const scenarios: Readonly<Record<string, Scenario>> = {
  ...{ scaling, latency, transport, waiting, kills, sharing },
  'broker-restart': brokerRestart,
};

interface Flags {
  readonly only?: string;
  readonly seconds: string;
  readonly kilobytes: string;
}

const flags = new Command('npm run bench:hosts --')
  .description('Needs nats-server and a build. Each scenario starts its own broker, hosts and gateways.')
  .addOption(new Option('--only <scenario>', 'one scenario').choices(Object.keys(scenarios)))
  .option('--seconds <n>', 'length of each measurement', '10')
  .option('--kilobytes <n>', 'size of a frame', '50')
  .parse()
  .opts<Flags>();

const bytesPerKilobyte = 1024;
const frame = writePaddedFrame(Number(flags.kilobytes) * bytesPerKilobyte);
for (const [name, scenario] of Object.entries(scenarios)) {
  if (flags.only !== undefined && flags.only !== name) continue;
  console.log(`\n${name}`);
  for (const { what, value, target } of await scenario({ frame, seconds: Number(flags.seconds) }))
    console.log(`  ${what}: ${value}${target === '' ? '' : `   [${target}]`}`);
}
await stopAll();
