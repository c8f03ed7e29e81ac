/** Faults of the whole process: stopped for a moment, ended and started again. */
import { type Failure, pause } from './failure.ts';

/** A machine that sleeps or migrates: every clock of the gateway jumps by this. */
const stoppedMs = 1000;

const stopAndContinue: Failure = {
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

function restartFailure(name: string, signal: 'SIGTERM' | 'SIGKILL'): Failure {
  return {
    name,
    target: 'second',
    async run({ gateway }) {
      await gateway.end(signal);
      await gateway.start();
    },
  };
}

export const processFailures: readonly Failure[] = [
  stopAndContinue,
  restartFailure('terminated', 'SIGTERM'),
  restartFailure('killed', 'SIGKILL'),
];
