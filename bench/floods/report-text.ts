/** A flood's report for people. Pure. */
import type { Counts } from './flood.ts';
import type { FloodReport, ProbeReport, Window } from './report.ts';

const megabyte = 1_048_576;

export function describeFlood(report: FloodReport): string {
  const { name, about, cameras, rss, files, sessions, log_lines, attack, ended, answers } = report;
  const lines = [
    `${name}: ${about}`,
    ...report.without.flatMap((calm, round) => [
      row(`without ${round + 1}`, calm, cameras),
      ...[report.with[round]].flatMap((flooded) => (flooded ? [row(`with ${round + 1}`, flooded, cameras)] : [])),
    ]),
    `  p99 ${ratioText(report)}, results ${times(report.results_ratio)}`,
    `  memory ${memory(rss.before)} before, ${memory(rss.peak)} at most, ${memory(rss.after)} after, ${back(rss.back_after_s)}`,
    `  file handles ${files.before} before, ${files.after} after; sessions ${sessions.before ?? '-'} and ${sessions.after ?? '-'}`,
    `  log ${counts(log_lines) || 'no line'}`,
    `  attacker ${attack.map(counts).join('; ')}`,
    `  gateway ${ended === null ? 'lived' : `ended: ${ended}`}${ended === null && !answers ? ', but does not answer' : ''}`,
  ];
  return `${lines.join('\n')}\n`;
}

function row(label: string, window: Window, cameras: number): string {
  const { p50, p99, max, results, offered, dropped, not_sent, unanswered, closes, cameras_served, cpu_percent, probe } =
    window;
  if (window.failed !== undefined) {
    return `  ${label.padEnd(9)}  no camera served (${window.failed}); CPU ${whole(cpu_percent)} %; ${probeText(probe)}`;
  }
  return [
    `  ${label.padEnd(9)}  p50 ${ms(p50)} p99 ${ms(p99)} max ${ms(max)} ms`,
    `results ${results} of ${offered}, dropped ${dropped}, not sent ${not_sent}, unanswered ${unanswered}, cut ${closes}`,
    `cameras ${cameras_served} of ${cameras}`,
    `CPU ${whole(cpu_percent)} %`,
    probeText(probe),
  ].join('; ');
}

function probeText({ p50, p99, max, lost, fresh_answered, fresh_tried }: ProbeReport): string {
  const trips = `healthz p50 ${ms(p50)} p99 ${ms(p99)} max ${ms(max)} ms`;
  return `${trips}, cut ${lost}, new connections ${fresh_answered} of ${fresh_tried}`;
}

function ms(value: number | null): string {
  return value === null ? '-' : value.toFixed(1);
}

function whole(value: number): string {
  return value.toFixed(0);
}

function ratioText({ p99_ratio, with: flooded }: FloodReport): string {
  const isLost = flooded.some(({ p99 }) => p99 === null);
  return isLost ? 'lost: more than 1 % of the frames had no answer' : times(p99_ratio);
}

function times(ratio: number | null): string {
  return ratio === null ? 'unknown' : `x ${ratio.toFixed(2)}`;
}

function memory(bytes: number): string {
  return `${whole(bytes / megabyte)} MB`;
}

function back(seconds: number | null): string {
  return seconds === null ? 'not back' : `back after ${seconds.toFixed(1)} s`;
}

function counts(named: Counts): string {
  return Object.entries(named)
    .map(([name, count]) => `${name.replaceAll('_', ' ')} ${count}`)
    .join(', ');
}
