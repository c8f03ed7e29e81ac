/** Order of the failures, from a seeded random generator. Pure. */

/**
 * Yields every item once per round, in random order: purely random choices could omit some for an hour.
 * @param random uniform in 0 to 1.
 */
export function* shuffledRounds<Item>(items: readonly Item[], random: () => number): Generator<Item, never> {
  for (;;) {
    const round = [...items];
    while (round.length > 0) yield* round.splice(Math.floor(random() * round.length), 1);
  }
}
