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
        // The place of an object that is not seen now is only a guess, so it stays where it was.
        const isRight = ({ track_id, lost_ms, x: left, w }) =>
          lost_ms > 0 ? state.isRight[track_id] : left + w / 2 > x * image.width;
        const known = tracks
          .map((track) => ({ ...track, before: state.isRight[track.track_id], now: isRight(track) }))
          .filter(({ now }) => now !== undefined);
        const crossed = known.filter(({ before, now }) => before !== undefined && before !== now);
        const count = state.count + crossed.length;
        const events = crossed.map(({ track_id, label, now }) => ({
          ...{ type: 'crossed', track_id, label },
          ...{ direction: now ? 'right' : 'left', at_ms: clock.unixMs },
        }));
        return {
          outputs: { events, crossings: count },
          // Objects that are gone are left out, so that the state stays small.
          state: { count, isRight: Object.fromEntries(known.map(({ track_id, now }) => [track_id, now])) },
        };
      },
    };
  },
});
