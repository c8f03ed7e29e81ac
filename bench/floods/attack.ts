/** An attacker: a process of its own that runs one flood until it is told to stop. */
import { selectFloods } from './all.ts';
import type { AttackSetup, FromAttack } from './flood.ts';

const { flood: name, target } = JSON.parse(process.argv[2] ?? '') as AttackSetup;
const tell = (message: FromAttack, then?: () => void) => process.send?.(message, undefined, {}, then);
const starting = selectFloods([name])
  .find((flood) => flood.name === name)
  ?.start(target);

process.on('disconnect', () => process.exit());
process.on('message', async () => {
  const attack = await starting;
  tell({ type: 'stopped', counts: (await attack?.stop()) ?? {} }, () => process.exit());
});
await starting;
tell({ type: 'up' });
