/** Startup and commands of an engine thread, whatever its device. */
import type { MessagePort } from 'node:worker_threads';
import { isTerminating, shareNativeCalls } from '../../observe/native-calls.ts';
import type { Device, RefusedProvider } from './device.ts';
import { Engine } from './engine.ts';
import { EngineCounters } from './engine-counters.ts';
import type { EngineThreadData, FromEngineThread, ToEngineThread } from './thread-messages.ts';

/** A device, with the providers that can be used there, and why the others cannot. */
export interface OpenedDevice {
  readonly device: Device;
  readonly usable: readonly string[];
  readonly errors: readonly RefusedProvider[];
}

/** Opens a device and serves workers until the main thread asks to stop. @param parent the main thread's end of the thread. */
export async function serveEngine(
  parent: MessagePort,
  { counters, nativeCalls }: EngineThreadData,
  open: () => Promise<OpenedDevice>,
): Promise<void> {
  const send = (message: FromEngineThread) => parent.postMessage(message);
  shareNativeCalls(nativeCalls);
  const { device, usable, errors } = await open();
  const engine = new Engine({
    device,
    counters: new EngineCounters(counters),
    notify: (notice) => send({ type: 'notice', notice }),
  });
  parent.on('message', async (command: ToEngineThread) => {
    switch (command.type) {
      case 'connect':
        engine.connect(command.owner, command.port);
        return;
      case 'stop':
        if (!isTerminating()) await engine.stop();
        // Ends only this thread.
        process.exit(0);
        break;
      default:
        command satisfies never;
    }
  });
  send({ type: 'opened', usable, errors });
}
