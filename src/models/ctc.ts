/** Greedy decoding of a CTC recogniser's output. Worker threads. */

export interface Reading {
  readonly text: string;
  /** How sure the recogniser is of the text, 0 to 1; 0 for an empty one. */
  readonly score: number;
}

/**
 * How the characters' probabilities become a text's score. `mean` is what PP-OCR reports; it is far too sure of a long text.
 * `product`, over letters and digits only, is the probability that all of them are right, as far as they are independent.
 */
export type Scoring = 'mean' | 'product';

/** The class that means "no character here". PP-OCR and most CTC exports use the first. */
const blank = 0;

/** How a recogniser's output becomes a text. */
export interface CtcRules {
  readonly scoring: Scoring;
  /**
   * From this probability on a space is read between two characters, though "no character" is more probable there: for recognisers
   * that see the space and do not trust it. Left out, a space must win its step as any character must.
   */
  readonly spaceFrom?: number | undefined;
}

/**
 * Best path decoding: the most probable class of each step, repeats merged, blanks removed (Graves et al. 2006, §3.2).
 * @param probabilities float32 `[steps, classes]` after softmax, class 0 the blank.
 * @param alphabet the character of class `i + 1` at index `i`.
 * @returns the text without spaces around it: the margins of a line look like spaces.
 */
export function decodeCtc(
  probabilities: Float32Array,
  steps: number,
  classes: number,
  alphabet: readonly string[],
  { scoring, spaceFrom = Number.POSITIVE_INFINITY }: CtcRules = { scoring: 'mean' },
): Reading {
  const characters: string[] = [];
  /** Of each character, its highest probability in its run of steps. */
  const certainties: number[] = [];
  const gap = new Gap(alphabet.indexOf(' ') + 1, spaceFrom);
  let written = '';
  let previous = blank;
  for (let step = 0; step < steps; step++) {
    const row = probabilities.subarray(step * classes, (step + 1) * classes);
    const best = argmax(row);
    const probability = row[best] as number;
    const character = alphabet[best - 1];
    gap.look(row, best);
    if (character !== undefined && best !== previous) {
      if (gap.endAt(best) && !written.endsWith(' ')) written += ' ';
      written += character;
      characters.push(character);
      certainties.push(probability);
    } else if (character !== undefined) {
      certainties.push(Math.max(probability, certainties.pop() ?? 0));
    }
    previous = best;
  }
  const text = written.trim();
  return { text, score: text === '' ? 0 : scoreOf(characters, certainties, scoring) };
}

/** The first of the highest values. */
function argmax(row: Float32Array): number {
  let best = blank;
  let highest = row[blank] as number;
  for (let index = 1; index < row.length; index++) {
    const value = row[index] as number;
    if (value > highest) {
      best = index;
      highest = value;
    }
  }
  return best;
}

/** How much more probable a space must have been in the gap before, if it is the one that is seen again in this gap. */
const echoFactor = 2;

/**
 * Whether there is a space in the gap between two characters. A space that is certain is often seen once more behind the first letter of
 * the next word, faintly: what is much fainter than in the gap before is none.
 */
class Gap {
  readonly #space: number;
  readonly #spaceFrom: number;
  #isFirst = true;
  #before = 0;
  #here = 0;

  /** @param space its class; 0 where the alphabet has none. */
  constructor(space: number, spaceFrom: number) {
    this.#space = space;
    this.#spaceFrom = spaceFrom;
  }

  /** Takes a step; those in which a character wins are no part of a gap. */
  look(row: Float32Array, best: number): void {
    if (this.#space === blank || (best !== blank && best !== this.#space)) return;
    this.#here = Math.max(this.#here, row[this.#space] as number);
  }

  /** A class has won that has not won the step before. @returns whether a space stands before it; never before the first character. */
  endAt(best: number): boolean {
    if (best === this.#space) return false;
    const isSpace = !this.#isFirst && this.#here >= this.#spaceFrom && this.#before < echoFactor * this.#here;
    // The margin before the first character looks like a space and says nothing.
    this.#before = this.#isFirst ? 0 : this.#here;
    this.#here = 0;
    this.#isFirst = false;
    return isSpace;
  }
}

const isLetterOrDigit = /[\p{L}\p{N}]/u;

function scoreOf(characters: readonly string[], certainties: readonly number[], scoring: Scoring): number {
  switch (scoring) {
    case 'mean':
      return certainties.reduce((sum, certainty) => sum + certainty, 0) / certainties.length;
    case 'product':
      return certainties
        .filter((_, index) => isLetterOrDigit.test(characters[index] as string))
        .reduce((product, certainty) => product * certainty, 1);
  }
}
