/** A closed loop over HTTP: so many connections, each of which sends the next frame when its last one is answered. */
import autocannon from 'autocannon';
import { emptyLatencies, recordLatency, summarizeLatencies } from '../../src/load/latency.ts';
import { findServer, sampleUsage } from '../../src/load/server-usage.ts';

export interface ClosedLoad {
  readonly connections: number;
  /** Answers of this time are not counted. */
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

/** What the connections saw of the counted seconds. */
export interface ClosedReport {
  readonly results: number;
  /** Answers of 503. */
  readonly refused: number;
  /** Answers of any other status, and requests that failed. */
  readonly failed: number;
  /** Of the results only; `undefined` without one. */
  readonly latencyMs: { readonly p50: number; readonly p99: number } | undefined;
  /** Of the server, where it runs on this machine. */
  readonly server: { readonly cpuSeconds: number; readonly rssBytes: number } | undefined;
}

/** A request that is not answered for so long has failed. */
const responseTimeoutSeconds = 30;
/** autocannon ends a run at one of its seconds; the counted part must be over by then. */
const marginSeconds = 2;
const okStatus = 200;
const busyStatus = 503;

/** @param url of an endpoint that takes one JPEG in each POST. */
export async function runClosedLoop(
  url: URL,
  frames: readonly Uint8Array[],
  { connections, warmUpSeconds, seconds }: ClosedLoad,
): Promise<ClosedReport> {
  const seen = { results: 0, refused: 0, failed: 0 };
  const latencies = emptyLatencies();
  let isCounting = false;
  const watch = findServer(url);
  const usage = () => (watch.found ? sampleUsage(watch.pids) : undefined);

  const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
  const options = {
    url: url.href,
    method: 'POST' as const,
    headers: { 'content-type': 'image/jpeg' },
    requests: frames.map((frame) => ({ body: Buffer.from(frame) })),
    connections,
    duration: warmUpSeconds + seconds + marginSeconds,
    timeout: responseTimeoutSeconds,
  };
  const run = autocannon(options, (error) => (error ? reject(error) : resolve()));
  // Its own histogram has whole milliseconds; the event has the time as it was taken.
  run.on('response', (_client, status, _bytes, ms) => {
    if (!isCounting) return;
    if (status === okStatus) {
      seen.results += 1;
      recordLatency(latencies, ms);
    } else if (status === busyStatus) seen.refused += 1;
    else seen.failed += 1;
  });
  run.on('reqError', () => {
    if (isCounting) seen.failed += 1;
  });
  await sleep(warmUpSeconds);
  const before = usage();
  isCounting = true;
  await sleep(seconds);
  isCounting = false;
  const after = usage();
  run.stop();
  await ended;
  return {
    ...seen,
    latencyMs: summarizeLatencies(latencies),
    server:
      before === undefined || after === undefined
        ? undefined
        : { cpuSeconds: after.cpuSeconds - before.cpuSeconds, rssBytes: after.rssBytes },
  };
}

function sleep(seconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 1000 * seconds);
  });
}
