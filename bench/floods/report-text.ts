/** Formats a flood's report. Pure. */
import type { Counts } from './flood.ts';
import type { FloodReport, ProbeReport, Window } from './report.ts';

const megabyte = 1_048_576;

export function describeFlood(report: FloodReport): string {
  const { name, about, cameras, rss, files, sessions, log_lines, attack, ended, answers } = report;
  const lines = [
    `${name}: ${about}`,
    ...report.without.flatMap((baseline, round) => [
      row(`without ${round + 1}`, baseline, cameras),
      ...[report.with[round]].flatMap((underFlood) =>
        underFlood ? [row(`with ${round + 1}`, underFlood, cameras)] : [],
      ),
    ]),
    `  p99 ${ratioText(report)}, results ${times(report.results_ratio)}`,
    `  memory ${memory(rss.before)} before, ${memory(rss.peak)} peak, ${memory(rss.after)} after, ${recoveryText(rss.back_after_s)}`,
    `  file handles ${files.before} before, ${files.after} after; sessions ${sessions.before ?? '-'} before, ${sessions.after ?? '-'} after`,
    `  log ${counts(log_lines) || 'no lines'}`,
    `  attacker ${attack.map(counts).join('; ')}`,
    `  gateway ${ended === null ? 'survived' : `exited: ${ended}`}${ended === null && !answers ? ', but does not respond' : ''}`,
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
    `results ${results} of ${offered}, dropped ${dropped}, not sent ${not_sent}, unanswered ${unanswered}, disconnected ${closes}`,
    `cameras ${cameras_served} of ${cameras}`,
    `CPU ${whole(cpu_percent)} %`,
    probeText(probe),
  ].join('; ');
}

function probeText({ p50, p99, max, lost, fresh_answered, fresh_tried }: ProbeReport): string {
  const trips = `healthz p50 ${ms(p50)} p99 ${ms(p99)} max ${ms(max)} ms`;
  return `${trips}, disconnected ${lost}, new connections ${fresh_answered} of ${fresh_tried}`;
}

function ms(value: number | null): string {
  return value === null ? '-' : value.toFixed(1);
}

function whole(value: number): string {
  return value.toFixed(0);
}

function ratioText({ p99_ratio, with: underFlood }: FloodReport): string {
  const isLost = underFlood.some(({ p99 }) => p99 === null);
  return isLost ? 'unknown: more than 1 % of the frames got no reply' : times(p99_ratio);
}

function times(ratio: number | null): string {
  return ratio === null ? 'unknown' : `×${ratio.toFixed(2)}`;
}

function memory(bytes: number): string {
  return `${whole(bytes / megabyte)} MB`;
}

function recoveryText(seconds: number | null): string {
  return seconds === null ? 'not recovered' : `recovered after ${seconds.toFixed(1)} s`;
}

function counts(named: Counts): string {
  return Object.entries(named)
    .map(([name, count]) => `${name.replaceAll('_', ' ')} ${count}`)
    .join(', ');
}
