/** Failures of the whole process: suspended, or restarted. */
import { type Failure, pause } from './failure.ts';

/** Suspension time, as when a machine sleeps or migrates: all clocks of the gateway jump. */
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
