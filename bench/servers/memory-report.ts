/** Preloaded into a gateway (`node --import`) with an IPC channel: replies to every message with the memory of its main thread. */
import { isMainThread } from 'node:worker_threads';

// Preloaded modules run in every thread; the channel belongs to the main one.
if (isMainThread && process.send !== undefined) {
  process.on('message', () => process.send?.(process.memoryUsage()));
  // The channel must not keep the gateway running.
  process.channel?.unref();
  process.on('disconnect', () => undefined);
}
