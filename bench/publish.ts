/** `npm run bench:publish`: kills a mosquitto again and again while events are published, and counts what a subscriber gets twice or never. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Command, InvalidArgumentError } from 'commander';
import { EventReader } from '../src/camera/publish/event-reader.ts';
import { openTarget } from '../src/camera/publish/open-target.ts';
import type { Target } from '../src/camera/publish/target.ts';
import { needsMosquitto, type Owner, type Received, startMosquitto, subscribe } from '../test/support/mosquitto.ts';

interface Flags {
  readonly kills: number;
  readonly rate: number;
}

/** Between two kills: the bridge must have connected again. */
const minUpMs = 1200;
const upSpreadMs = 500;
const downMs = 80;
/** Events are made in steps of this length. */
const stepMs = 4;
const throughputEvents = 5000;
const pollMs = 5;
/** After the last acknowledgment, for what is on its way to the subscriber. */
const settleMs = 500;

const flags = new Command('npm run bench:publish --')
  .description(
    'Publishes events to a mosquitto that is killed again and again, and counts repeated and missing events.',
  )
  .option('--kills <n>', 'how often the broker is killed', wholeNumber, 20)
  .option('--rate <n>', 'events per second', wholeNumber, 50)
  .parse()
  .opts<Flags>();

if (needsMosquitto.skip !== undefined) {
  process.stdout.write(`${needsMosquitto.skip}\n`);
  process.exitCode = 2;
} else {
  await withOwner((owner) => measureKills(owner, flags));
  await withOwner(measureThroughput);
}

async function measureKills(owner: Owner, { kills, rate }: Flags): Promise<void> {
  const broker = await startMosquitto(owner, ['allow_anonymous true', 'max_queued_messages 0']);
  const received = await subscribe(owner, broker, 'framegate/camera/+/event/#');
  const target = await targetAt(owner, broker.port);
  const publish = publisherOf(target);
  let made = 0;
  const startMs = performance.now();
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startMs) * rate) / 1000);
    for (; made < due; made++) publish();
  }, stepMs);
  for (let kill = 0; kill < kills; kill++) {
    await sleep(minUpMs + Math.random() * upSpreadMs);
    await broker.kill();
    await sleep(downMs);
    await broker.start();
  }
  await sleep(minUpMs);
  clearInterval(timer);
  while (target.counts.waiting > 0) await sleep(pollMs);
  await sleep(settleMs);
  const ids = new Set(received.map(idOf));
  const { published, lost } = target.counts;
  process.stdout.write(
    `killed ${kills} times at ${rate} events/s: ${made} events, ${published} acknowledged, ${lost} lost in a full buffer; ` +
      `the subscriber got ${received.length}: ${received.length - ids.size} twice, ${published - ids.size} never\n`,
  );
}

async function measureThroughput(owner: Owner): Promise<void> {
  const broker = await startMosquitto(owner);
  const target = await targetAt(owner, broker.port);
  while (target.state !== 'connected') await sleep(pollMs);
  const publish = publisherOf(target);
  const startMs = performance.now();
  for (let made = 0; made < throughputEvents; made++) publish();
  while (target.counts.waiting > 0) await sleep(pollMs);
  const perSecond = (throughputEvents * 1000) / (performance.now() - startMs);
  process.stdout.write(`${throughputEvents} events at once: ${Math.round(perSecond)} acknowledged per second\n`);
}

async function targetAt(owner: Owner, port: number): Promise<Target> {
  const plan = { kind: 'mqtt', url: new URL(`mqtt://127.0.0.1:${port}`), shown: 'broker', tls: {} } as const;
  const target = await openTarget({ plan, cameras: ['gate'], version: '0.0.0', onNotice: () => undefined });
  owner.teardown(() => target.close(0));
  return target;
}

function publisherOf(target: Target): () => void {
  const reader = new EventReader('gate');
  return () => {
    for (const event of reader.read({ events: [{ type: 'cross' }] }, 0).events) target.publish(event);
  };
}

function idOf({ payload }: Received): string {
  return (JSON.parse(payload) as { readonly id: string }).id;
}

/** Runs something, and cleans up in reverse order. */
async function withOwner(run: (owner: Owner) => Promise<void>): Promise<void> {
  const cleanups: (() => unknown)[] = [];
  await run({ teardown: (clean) => void cleanups.push(clean) });
  for (const clean of cleanups.reverse()) await clean();
}

function wholeNumber(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number above 0.');
}
