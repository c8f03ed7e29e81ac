/** Deprecated flags work under their old names, with one warning each. */
import { test } from 'tap';
import { replaceDeprecatedFlags } from '../../../src/cli/deprecated-flags.ts';

function replaced(...args: string[]): { args: string[]; warnings: string[] } {
  const warnings: string[] = [];
  return { args: replaceDeprecatedFlags(args, (line) => warnings.push(line)), warnings };
}

for (const [command, old, current] of [
  ['camera', ['--silence', '5'], ['--stall-timeout', '5']],
  ['camera', ['--silence=5'], ['--stall-timeout=5']],
  ['bench', ['--grace', '2'], ['--drain-timeout', '2']],
  ['bench', ['--obey'], ['--adaptive']],
  ['bench', ['--workers', '2'], ['--threads', '2']],
] as const) {
  test(`${command} ${old.join(' ')} means ${current.join(' ')}`, async (t) => {
    const [oldFlag, newFlag] = [old, current].map(([flag]) => flag.split('=')[0]);
    t.strictSame(replaced(command, 'x', ...old, 'y'), {
      args: [command, 'x', ...current, 'y'],
      warnings: [`${oldFlag} is deprecated; use ${newFlag}`],
    });
  });
}

for (const [old, current] of [
  ['locked', 'aligned'],
  ['spread', 'staggered'],
] as const) {
  test(`bench --phase ${old} means --phase ${current}`, async (t) => {
    const warnings = [`--phase ${old} is deprecated; use --phase ${current}`];
    t.strictSame(replaced('bench', '--phase', old), { args: ['bench', '--phase', current], warnings });
    t.strictSame(replaced('bench', `--phase=${old}`), { args: ['bench', `--phase=${current}`], warnings });
  });
}

test('current flags, flags of other commands, and what follows -- stay as they are', async (t) => {
  for (const args of [
    [],
    ['serve', '--workers', '2'],
    ['bench', '--threads', '2', '--phase', 'aligned'],
    ['camera', '--', '--silence'],
  ]) {
    t.strictSame(replaced(...args), { args, warnings: [] });
  }
});
