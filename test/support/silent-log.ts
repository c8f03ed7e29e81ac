/** A log that discards everything. Tests only. */
import type { Log } from '../../src/observe/log.ts';

const ignore = () => undefined;

export const silentLog: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore, fatal: ignore };
