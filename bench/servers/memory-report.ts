/** Preloaded into a gateway (`node --import`) that has an IPC channel: answers every message with the memory of its main thread. */
import { isMainThread } from 'node:worker_threads';

// What is preloaded runs in every thread; the channel is the main one's.
if (isMainThread && process.send !== undefined) {
  process.on('message', () => process.send?.(process.memoryUsage()));
  // A gateway ends when it is told to, not when its watcher does.
  process.channel?.unref();
  process.on('disconnect', () => undefined);
}
