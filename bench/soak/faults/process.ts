/** Faults of the whole process: stopped for a moment, ended and started again. */
import { type Fault, pause } from './fault.ts';

/** A machine that sleeps or migrates: every clock of the gateway jumps by this. */
const stoppedMs = 1000;

const stopAndContinue: Fault = {
  name: 'stopped-process',
  target: 'main',
  async run({ gateway }) {
    gateway.signal('SIGSTOP');
    try {
      await pause(stoppedMs);
    } finally {
      gateway.signal('SIGCONT');
    }
  },
};

function restartFault(name: string, signal: 'SIGTERM' | 'SIGKILL'): Fault {
  return {
    name,
    target: 'second',
    async run({ gateway }) {
      await gateway.end(signal);
      await gateway.start();
    },
  };
}

export const processFaults: readonly Fault[] = [
  stopAndContinue,
  restartFault('terminated', 'SIGTERM'),
  restartFault('killed', 'SIGKILL'),
];
