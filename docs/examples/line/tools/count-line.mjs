/** `site.count_line`: counts objects that cross a vertical line, and reports each crossing once. */
export default ({ z }) => ({
  pluginId: 'site',
  toolId: 'count_line',
  description: 'Counts objects that cross a vertical line',
  inputs: ['tracks'],
  outputs: ['events', 'crossings'],
  failureDetail: 'Counting failed',
  /** `x`: where the line is, as a fraction of the image's width. */
  params: z.strictObject({ x: z.number().min(0).max(1) }),

  /** What a session keeps from one frame to the next: the count, and whether each object is right of the line. */
  state: {
    schema: z.object({ count: z.int(), isRight: z.record(z.string(), z.boolean()) }),
    initial: { count: 0, isRight: {} },
  },

  async create({ x }) {
    return {
      run({ image, tracks }, { state, clock }) {
        const events = [];
        const isRight = {};
        for (const { track_id, label, x: left, w, lost_ms } of tracks) {
          const before = state.isRight[track_id];
          // The place of an object that is not seen now is only a guess.
          const now = lost_ms > 0 ? before : left + w / 2 > x * image.width;
          if (now === undefined) continue;
          if (before !== undefined && now !== before) {
            const direction = now ? 'right' : 'left';
            events.push({ type: 'crossed', track_id, label, direction, at_ms: clock.unixMs });
          }
          // Objects that are gone are left out, so that the state stays small.
          isRight[track_id] = now;
        }
        const count = state.count + events.length;
        return { outputs: { events, crossings: count }, state: { count, isRight } };
      },
    };
  },
});
