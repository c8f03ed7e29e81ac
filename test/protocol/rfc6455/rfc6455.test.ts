/** RFC 6455 section by section, over TCP, against the stream and an echo server with the same build and settings. */
import tap, { test } from 'tap';
import { startEcho } from '../../support/echo-server.ts';
import { startGateway } from '../../support/gateway.ts';
import type { Case } from './case.ts';
import { controlCases } from './control-cases.ts';
import { framingCases } from './framing-cases.ts';
import { expectedOf, play, type Server } from './play.ts';
import { textCases } from './text-cases.ts';

const hardCapBytes = 16_777_216;
/** Number of concurrent cases; each has its own connection. */
const lanes = 4;

const gateway = await startGateway({ POOL_WORKERS: '1' });
const echo = await startEcho(hardCapBytes);
tap.teardown(() => {
  echo.close();
  return gateway.kill();
});

const servers: Server[] = [
  { name: 'echo', port: echo.port },
  { name: 'stream', port: gateway.port },
];
const cases: readonly Case[] = [...framingCases, ...controlCases, ...textCases];

for (const server of servers) {
  for (const section of new Set(cases.map((one) => one.section))) {
    const ofSection = cases.filter((one) => one.section === section);
    const different = ofSection.filter(({ differs }) => differs !== undefined).length;
    const count = `${ofSection.length - different} of ${ofSection.length} as the RFC says`;
    test(`${server.name}, section ${section}: ${count}`, async (t) => {
      const waiting = ofSection.values();
      const lane = async () => {
        for (const one of waiting) {
          const outcome = await play(server, one);
          t.ok(expectedOf(one).includes(outcome), `${one.name}: ${JSON.stringify(outcome.slice(0, 60))}`, {
            expected: expectedOf(one),
            outcome,
          });
        }
      };
      await Promise.all(Array.from({ length: lanes }, lane));
    });
  }
}

test('no handler threw', async (t) => {
  t.notMatch(gateway.log(), /unexpected_error|worker_exit/);
});
