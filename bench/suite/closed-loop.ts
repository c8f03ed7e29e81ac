/** A closed loop over HTTP: each connection sends the next frame when it has the response to the last one. */
import autocannon from 'autocannon';
import { emptyLatencies, recordLatency, summarizeLatencies } from '../../src/load/latency.ts';
import { findServer, sampleUsage } from '../../src/load/server-usage.ts';

export interface ClosedLoad {
  readonly connections: number;
  /** Responses during this time are not counted. */
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

/** Measurements of the counted seconds. */
export interface ClosedReport {
  readonly results: number;
  /** 503 responses. */
  readonly refused: number;
  /** Responses with any other status, and failed requests. */
  readonly failed: number;
  /** Of results only; `undefined` without results. */
  readonly latencyMs: { readonly p50: number; readonly p99: number } | undefined;
  /** Server usage, if it runs on this machine. */
  readonly server: { readonly cpuSeconds: number; readonly rssBytes: number } | undefined;
}

/** Timeout of a request. */
const responseTimeoutSeconds = 30;
/** Extra time, because autocannon ends a run on a full second. */
const marginSeconds = 2;
const okStatus = 200;
const busyStatus = 503;

/** @param url endpoint that accepts one JPEG per POST. */
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
  // autocannon's histogram has whole milliseconds; the event has the exact time.
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
