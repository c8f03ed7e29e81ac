/** The results of a simulation as rows of a table. */
import { capacityOf, type Scene } from './scene.ts';
import type { ScaleResult } from './simulation.ts';
import type { PhaseResult } from './tally.ts';

const columns = [
  ...['cameras × fps', 'gateways', 'hosts × workers', 'load', 'phase', 'offered/s', 'results/s', 'of what fits'],
  ...[
    'workers busy',
    'p50, ms',
    'p99, ms',
    'Jain',
    'displaced or expired',
    'busy',
    'lost',
    'not sent',
    'scheduler, µs per frame',
  ],
];

export function headingOf(names: readonly string[] = columns): string {
  return `| ${names.join(' | ')} |\n|${'---|'.repeat(names.length)}\n`;
}

/** One row per phase. `lost`: frames of lost hosts and cut connections. */
export function rowsOf(scene: Scene, { phases, microsecondsPerFrame }: ScaleResult): string {
  const { cameras, fps, gateways, hosts, workers } = scene;
  const load = ((cameras * fps) / capacityOf(scene)).toFixed(2);
  const first = [`${cameras} × ${fps}`, gateways, `${hosts} × ${workers}`, load];
  return phases.map((phase) => rowOf([...first, ...cellsOf(phase), microsecondsPerFrame.toFixed(1)])).join('');
}

export function rowOf(cells: readonly (string | number)[]): string {
  return `| ${cells.join(' | ')} |\n`;
}

function cellsOf(phase: PhaseResult): string[] {
  const { offered, seconds, fates, ofWhatFits, utilization, p50Ms, p99Ms, fairness } = phase;
  const count = (...names: string[]) => names.reduce((sum, name) => sum + (fates[name] ?? 0), 0);
  const percent = (frames: number) => `${((100 * frames) / offered).toFixed(2)} %`;
  const [results, late] = [count('result'), count('displaced', 'expired')];
  const drops = [late, count('busy'), count('lost', 'worker_lost', 'session_closed'), count('not_sent')].map(percent);
  return [
    ...[
      phase.phase,
      (offered / seconds).toFixed(0),
      (results / seconds).toFixed(0),
      `${(100 * ofWhatFits).toFixed(1)} %`,
    ],
    ...[`${(100 * utilization).toFixed(1)} %`, p50Ms.toFixed(1), p99Ms.toFixed(1), fairness.toFixed(4), ...drops],
  ];
}
