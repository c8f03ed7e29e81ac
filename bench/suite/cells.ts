/** The cells of `make bench`: each is a load with the servers that it is run against, one after another. Pure. */
import { fileURLToPath } from 'node:url';
import type { ServerSpec } from './server-spec.ts';

export type Load =
  | {
      readonly kind: 'cameras';
      /** Flags of `framegate bench`. */
      readonly flags: readonly string[];
      /** Flags of a concurrent second load of large pages, which is not measured. */
      readonly pages?: readonly string[];
    }
  | { readonly kind: 'closed-loop'; readonly connections: number }
  /** The pipeline without a server. */
  | { readonly kind: 'bare-loop' };

/** One server with the load of a cell. */
export interface Trial {
  readonly server: ServerSpec;
  readonly load: Load;
}

export interface Cell {
  readonly id: string;
  readonly trials: readonly Trial[];
}

export const gateway: ServerSpec = { name: 'gateway', label: 'gateway' };
export const fastapi: ServerSpec = { name: 'fastapi', label: 'fastapi' };
export const litserve: ServerSpec = { name: 'litserve', label: 'litserve' };
export const sink: ServerSpec = { name: 'uws-sink', label: 'uws-sink', needsNoWarmUp: true };
export const bareLoop: ServerSpec = { name: 'none', label: 'bare loop' };
/** Servers with a queue are restarted after overload, because the backlog would affect the next run. */
const overloaded = (name: 'fastapi' | 'ws-piscina' | 'ws-main-thread'): ServerSpec => ({
  name,
  label: name,
  isFresh: true,
});
export const threeWorkers: ServerSpec = withWorkers(3);
export const fourWorkers: ServerSpec = withWorkers(4);
export const twoWorkers: ServerSpec = withWorkers(2);
/** Prints its event-loop delay when it exits. */
export const watched: ServerSpec = { name: 'gateway', label: 'gateway, watched', watchLoop: true, isFresh: true };
export const alone: ServerSpec = { name: 'gateway', label: 'gateway, alone' };

function withWorkers(workers: number): ServerSpec {
  const env = { POOL_WORKERS: String(workers) };
  return { name: 'gateway', label: `gateway, ${workers} workers`, env, isFresh: true };
}

/** No warm-up, so that frames that wait longer than the run are included; the drain timeout is for the last frames. */
const withinCapacity = ['--warmup', '0', '--drain-timeout', '2'];
/** Late results do not count, and neither does their CPU time. */
const aboveCapacity = ['--warmup', '0', '--drain-timeout', '0'];
const aligned = ['--phase', 'aligned'];

/** Loads that two cores can process. */
export const staggeredLoads = ['8@15', '8@10', '4@15'] as const;
export const alignedLoads = ['8@15', '8@10', '4@15', '16@5', '32@2'] as const;
/** Loads that exceed two cores. */
export const heavyLoads = ['8@30', '16@25', '256@10'] as const;
export const alignedHeavyLoad = '16@25';
export const connections = [2, 4, 8] as const;
/** Peers that process queued frames however late. */
export const queueingPeers = ['fastapi', 'ws-piscina'] as const;
/** `ws-main-thread` drops frames that its thread cannot process; one load is enough to show it. */
const comparedAt: Readonly<Record<string, readonly ('fastapi' | 'ws-piscina' | 'ws-main-thread')[]>> = {
  '8@30': [...queueingPeers, 'ws-main-thread'],
};

export const cellIds = {
  staggered: (load: string) => `staggered-${loadId(load)}`,
  aligned: (load: string) => `aligned-${loadId(load)}`,
  heavy: (load: string) => `heavy-${loadId(load)}`,
  heavyAligned: 'heavy-aligned',
  mixedRates: 'mixed-rates',
  pages: 'pages',
  closed: (count: number) => `closed-${count}`,
  memory: 'memory',
  loopDelay: 'loop-delay',
  dropped: 'dropped',
} as const;

const camerasOn = (load: string, ...flags: readonly string[]): Load => ({
  kind: 'cameras',
  flags: ['--cameras', load, ...flags],
});
const against = (load: Load, ...servers: readonly ServerSpec[]): Trial[] => servers.map((server) => ({ server, load }));

/** A gateway whose only worker hangs for longer than any run. */
export const stuck: ServerSpec = {
  name: 'gateway',
  label: 'gateway, stuck',
  env: {
    MODELS_DIR: fileURLToPath(new URL('../../test/fixtures/models', import.meta.url)),
    POOL_WORKERS: '1',
    STREAM_FRAME_TIMEOUT_MS: '60000',
  },
  isFresh: true,
  isStuck: true,
  needsNoWarmUp: true,
};
/** Eight seconds of warm-up, because the JIT compiler's CPU time counts as the server's. */
const droppedLoad = camerasOn('4@200', '--pipeline', 'echo', '--warmup', '8');

/** Cells that need the same servers are adjacent, so that these are started once. */
export const cells: readonly Cell[] = [
  ...staggeredLoads.map((load) => ({
    id: cellIds.staggered(load),
    trials: against(camerasOn(load, ...withinCapacity), gateway, fastapi),
  })),
  ...alignedLoads.map((load) => ({
    id: cellIds.aligned(load),
    trials: against(camerasOn(load, ...withinCapacity, ...aligned), gateway, fastapi),
  })),
  ...heavyLoads.map((load) => ({
    id: cellIds.heavy(load),
    trials: [
      { server: bareLoop, load: { kind: 'bare-loop' } as const },
      ...against(camerasOn(load, ...aboveCapacity), sink, gateway),
      ...against(camerasOn(load, ...aboveCapacity), ...(comparedAt[load] ?? queueingPeers).map(overloaded)),
    ],
  })),
  {
    id: cellIds.heavyAligned,
    trials: against(camerasOn(alignedHeavyLoad, ...aboveCapacity, ...aligned), gateway),
  },
  { id: cellIds.mixedRates, trials: against(camerasOn('4@30,4@3'), gateway) },
  {
    id: cellIds.pages,
    trials: [
      { server: alone, load: camerasOn('4@10') },
      {
        server: gateway,
        load: { ...camerasOn('4@10'), pages: ['--cameras', '2@1', '--pipeline', 'document_ocr'] } as Load,
      },
    ],
  },
  ...connections.map((count) => ({
    id: cellIds.closed(count),
    trials: against({ kind: 'closed-loop', connections: count }, gateway, litserve),
  })),
  { id: cellIds.memory, trials: against(camerasOn('8@15'), twoWorkers, threeWorkers, fourWorkers) },
  { id: cellIds.loopDelay, trials: against(camerasOn('256@10'), watched) },
  { id: cellIds.dropped, trials: against(droppedLoad, sink, stuck) },
];

/** Converts `8@15` to `8x15`. */
function loadId(load: string): string {
  return load.replace('@', 'x');
}
