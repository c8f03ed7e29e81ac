/** A custom tool with state: counts its session's frames, and reports an event with each. Tests only. */

/**
 * Members of the tool `test.count`. A frame of special width does something else: 13 ends the worker, 14 throws, 15 returns a state that is
 * too large, 16 one that is not JSON, and 17 no state; 200 takes 200 ms,
 * and 201 a second.
 */
export const countingTool = `
  outputs: ['frames', 'sum', 'pid', 'elapsed', 'events'],
  params: z.looseObject({ from: z.number().default(0) }),
  state: ({ from }) => ({ schema: z.strictObject({ n: z.number(), sum: z.number(), name: z.string() }), initial: { n: from, sum: 0, name: '' } }),
  async create() {
    return {
      async run({ image: { width } }, { state, clock }) {
        if (width === 13) process.exit(1);
        if (width === 14) throw new Error('bad frame');
        if (width === 15) return { outputs: {}, state: { ...state, name: 'x'.repeat(70000) } };
        if (width === 16) return { outputs: {}, state: { ...state, n: NaN } };
        if (width === 17) return { outputs: {} };
        if (width === 200 || width === 201) await new Promise((resolve) => setTimeout(resolve, width === 200 ? 200 : 1000));
        const next = { ...state, n: state.n + 1, sum: state.sum + width };
        const events = [{ type: 'frame', n: next.n, at_ms: clock.unixMs }];
        return { outputs: { frames: next.n, sum: next.sum, pid: process.pid, elapsed: clock.elapsedMs ?? null, events }, state: next };
      },
    };
  },`;
