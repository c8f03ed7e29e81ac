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
  scoring: Scoring = 'mean',
): Reading {
  const characters: string[] = [];
  /** Of each character, its highest probability in its run of steps. */
  const certainties: number[] = [];
  let previous = blank;
  for (let step = 0; step < steps; step++) {
    const row = step * classes;
    let best = blank;
    let probability = probabilities[row] as number;
    for (let index = 1; index < classes; index++) {
      const value = probabilities[row + index] as number;
      if (value > probability) {
        best = index;
        probability = value;
      }
    }
    const character = alphabet[best - 1];
    if (character !== undefined && best !== previous) {
      characters.push(character);
      certainties.push(probability);
    } else if (character !== undefined) {
      certainties.push(Math.max(probability, certainties.pop() ?? 0));
    }
    previous = best;
  }
  const text = characters.join('').trim();
  return { text, score: text === '' ? 0 : scoreOf(characters, certainties, scoring) };
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
