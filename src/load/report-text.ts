/** Formats a report as tables for the terminal, like autocannon. Pure. */
import type { CameraReport, FrameReport, GroupReport, LatencyReport, LoadReport } from './report.ts';
import { drawTable } from './table.ts';

/** With more cameras than this, only those with the smallest share are shown. */
const maxCameras = 16;
/** A generator whose p99 lateness is above this distorts the measured latency. */
const lateWarningMs = 5;
const bytesPerMegabyte = 1e6;

const missing = '-';

export function describeReport(report: LoadReport): string {
  return [
    latencyTable(report),
    frameTable(report),
    ...(report.groups.length > 1 ? [groupTable(report.groups)] : []),
    cameraTable(report.per_camera),
    notes(report).join('\n'),
  ].join('\n\n');
}

function latencyTable({ latency_ms, drop_latency_ms, service_ms, dropped }: LoadReport): string {
  const heading = ['Latency, ms', '50 %', '90 %', '97.5 %', '99 %', '99.9 %', 'max', 'mean'];
  const rows = [heading, ['results', ...latencyCells(latency_ms)]];
  if (dropped > 0) rows.push(['dropped', ...latencyCells(drop_latency_ms)]);
  if (service_ms.p50 !== null) rows.push(['service', ...latencyCells(service_ms)]);
  return drawTable(rows);
}

function latencyCells(latency: LatencyReport): string[] {
  return [latency.p50, latency.p90, latency.p97_5, latency.p99, latency.p999, latency.max, latency.mean].map(ms);
}

/** Frames by outcome. Rows for abnormal outcomes are omitted when zero. */
function frameTable(report: LoadReport): string {
  const row = (name: string, key: keyof FrameReport) => [
    name,
    count(report[key]),
    report.per_second[key].toFixed(1),
    percent(report[key], report.offered),
  ];
  const rare: (readonly [string, keyof FrameReport])[] = [
    ['not sent', 'not_sent'],
    ['errors', 'errors'],
    ['unanswered', 'unanswered'],
  ];
  return drawTable([
    ['Frames', 'total', 'per second', 'of offered'],
    row('offered', 'offered'),
    row('sent', 'sent'),
    row('results', 'results'),
    row('dropped', 'dropped'),
    ...rare.filter(([, key]) => report[key] > 0).map(([name, key]) => row(name, key)),
  ]);
}

function groupTable(groups: readonly GroupReport[]): string {
  const rows = groups.map((group) => [
    `${group.cameras} at ${group.fps} fps`,
    count(group.offered),
    count(group.results),
    count(group.dropped),
    percent(group.results, group.offered),
    ms(group.latency_ms.p50),
    ms(group.latency_ms.p99),
    ms(group.latency_ms.max),
  ]);
  return drawTable([['Group', 'offered', 'results', 'dropped', 'share', '50 %, ms', '99 %, ms', 'max, ms'], ...rows]);
}

function cameraTable(cameras: readonly CameraReport[]): string {
  const byShare = [...cameras].sort((a, b) => (a.share ?? 1) - (b.share ?? 1)).slice(0, maxCameras);
  const shown = cameras.length > maxCameras ? byShare : cameras;
  const rows = shown.map((camera) => [
    `${camera.camera}`,
    `${camera.fps}`,
    count(camera.offered),
    count(camera.results),
    count(camera.dropped),
    percent(camera.results, camera.offered),
    ms(camera.age_ms.mean),
    ms(camera.age_ms.max),
  ]);
  const table = drawTable([
    ['Camera', 'fps', 'offered', 'results', 'dropped', 'share', 'age mean, ms', 'age max, ms'],
    ...rows,
  ]);
  const left = cameras.length - shown.length;
  return left === 0
    ? table
    : `${table}\nShowing the ${shown.length} cameras with the smallest share; use --json for the other ${left}.`;
}

function notes(report: LoadReport): string[] {
  const { jain, slow_down, per_second, generator } = report;
  return [
    `fairness (Jain)   ${jain === null ? missing : jain.toFixed(3)}`,
    `slow_down         ${count(slow_down)}`,
    `bytes per second  ${megabytes(per_second.bytes_sent)} sent, ${megabytes(per_second.bytes_received)} received`,
    `server            ${serverNote(report)}`,
    `generator         ${threads(generator.threads)}, ${percent(generator.cpu_seconds, report.duration_s)} of a core; send delay p50 ${ms(generator.late_ms.p50)} ms, p99 ${ms(generator.late_ms.p99)} ms, max ${ms(generator.late_ms.max)} ms`,
    ...warnings(report),
  ];
}

function serverNote({ server, server_unknown, duration_s, results }: LoadReport): string {
  if (server === null) return `not measured: ${server_unknown}`;
  const { command, pids, cpu_seconds, rss_bytes } = server;
  const perResult = results === 0 ? '' : ` (${((1000 * cpu_seconds) / results).toFixed(1)} ms per result)`;
  const name = `${command} ${pids.join(', ')}`;
  return `${name}: ${percent(cpu_seconds, duration_s)} of a core${perResult}, ${megabytes(rss_bytes)} resident`;
}

/** Conditions that affect how to interpret the figures above. */
function warnings(report: LoadReport): string[] {
  const { slow_readers, error_codes, closes, unexpected, not_sent, generator, unanswered } = report;
  const lines: string[] = [];
  if (slow_readers !== null) {
    const { cameras, sent, offered } = slow_readers;
    const ends = names(slow_readers.closes);
    lines.push(
      `slow readers      ${cameras} in addition, ${count(sent)} of ${count(offered)} frames sent; connections closed: ${ends}`,
    );
  }
  if (Object.keys(error_codes).length > 0) lines.push(`error messages    ${names(error_codes)}`);
  if (Object.keys(closes).length > 0) lines.push(`connections lost  ${names(closes)}`);
  if (unexpected > 0) lines.push(`unexpected        ${count(unexpected)} messages that are not part of the protocol`);
  if (unanswered > 0) lines.push('Some frames got no reply; the latencies do not include them.');
  if (not_sent > 0) {
    lines.push('Some frames were not sent: no connection, full send buffer, or generator too late.');
  }
  if ((generator.late_ms.p99 ?? 0) > lateWarningMs) {
    lines.push('The load generator sent frames late, which adds to the latency. See docs/operations/benchmarking.md.');
  }
  return lines;
}

function names(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).map(([name, times]) => `${name} × ${times}`);
  return parts.length === 0 ? 'none' : parts.join(', ');
}

function threads(number: number): string {
  return number === 1 ? '1 thread' : `${number} threads`;
}

function count(value: number): string {
  return `${value}`.replace(/\B(?=(\d{3})+$)/g, ' ');
}

function ms(value: number | null): string {
  if (value === null) return missing;
  return value.toFixed(value < 10 ? 2 : value < 1000 ? 1 : 0);
}

function percent(part: number, whole: number): string {
  return whole === 0 ? missing : `${((100 * part) / whole).toFixed(1)} %`;
}

function megabytes(bytes: number): string {
  return `${(bytes / bytesPerMegabyte).toFixed(bytes < bytesPerMegabyte ? 3 : 1)} MB`;
}
