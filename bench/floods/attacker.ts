/** Attacker process: runs one flood until it receives a message to stop. */
import { selectFloods } from './all.ts';
import type { AttackerSetup, FromAttacker } from './flood.ts';

const { flood: name, target } = JSON.parse(process.argv[2] ?? '') as AttackerSetup;
const notify = (message: FromAttacker, then?: () => void) => process.send?.(message, undefined, {}, then);
const starting = selectFloods([name])
  .find((flood) => flood.name === name)
  ?.start(target);

process.on('disconnect', () => process.exit());
process.on('message', async () => {
  const attack = await starting;
  notify({ type: 'stopped', counts: (await attack?.stop()) ?? {} }, () => process.exit());
});
await starting;
notify({ type: 'up' });
