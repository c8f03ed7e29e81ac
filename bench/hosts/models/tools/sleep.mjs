/** Waits for a time, as a model on an accelerator would. */
export default ({ z }) => ({
  pluginId: 'bench',
  toolId: 'sleep',
  description: 'Waits for a time.',
  inputs: [],
  outputs: ['slept_ms'],
  failureDetail: 'Sleep failed',
  params: z.strictObject({ ms: z.number().positive() }),
  async create({ ms }) {
    return {
      async run() {
        await new Promise((resolve) => setTimeout(resolve, ms));
        return { slept_ms: ms };
      },
    };
  },
});
