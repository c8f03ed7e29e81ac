/** A short soak: real gateways, inexpensive failures of every kind, and every frame accounted for. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';

const soakPath = fileURLToPath(new URL('../../bench/soak.ts', import.meta.url));
const failures = ['slow-reader', 'cut-frames', 'vanished-peers', 'invalid-frames', 'worker-exits', 'killed'];
/** A different seed in each run, shown in the test name. */
const seed = Math.floor(Math.random() * 1_000_000);

/** @returns the exit code and the output. */
function runSoak(...args: readonly string[]): Promise<{ code: number | null; output: string; errors: string }> {
  const child = spawn(process.execPath, ['--no-warnings', soakPath, '--failures', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, output, errors })));
}

test(`with injected failures every frame is accounted for and no session is disturbed (seed ${seed})`, {
  skip: process.platform !== 'linux' && 'the soak requires /proc',
}, async (t) => {
  const every = 0.8;
  const minutes = (every * failures.length) / 60;
  const args = [
    '--minutes',
    String(minutes),
    '--every',
    String(every),
    '--only',
    failures.join(),
    '--seed',
    String(seed),
  ];
  const { code, output, errors } = await runSoak('--cameras', '8@4', '--json', ...args);
  t.equal(code, 0, errors);
  const { main, second, problems, ...seen } = JSON.parse(output) as Record<string, Record<string, number>>;
  t.strictSame(problems, []);
  t.equal(seen['seed'], seed);
  for (const fleet of [main, second]) {
    t.match(fleet, { unanswered: 0, disturbed: 0 });
    const { sent = 0, results = 0, dropped = 0, ended = 0 } = fleet ?? {};
    t.ok(results > 0);
    t.equal(results + dropped + ended, sent);
  }
  t.equal(main?.['restarted'], 0);
});

test('an unknown failure is rejected by name', async (t) => {
  const { code, errors } = await runSoak('--only', 'slow-reader,nonsense');
  t.not(code, 0);
  t.match(errors, 'unknown failure: nonsense');
});
