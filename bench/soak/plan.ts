/** Which fault comes next, chosen by a seeded generator. Pure. */

/**
 * Every fault once in each round, in an order of its own each time: chance alone leaves some out for an hour.
 * @param random uniform in 0 to 1.
 */
export function* shuffledRounds<Item>(items: readonly Item[], random: () => number): Generator<Item, never> {
  for (;;) {
    const round = [...items];
    while (round.length > 0) yield* round.splice(Math.floor(random() * round.length), 1);
  }
}
