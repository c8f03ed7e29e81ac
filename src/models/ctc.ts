/** Greedy decoding of a CTC recogniser's output. Worker threads. */

export interface Reading {
  readonly text: string;
  /** Mean probability of the characters that were kept, 0 to 1; 0 for an empty text. */
  readonly score: number;
}

/** The class that means "no character here". PP-OCR and most CTC exports use the first. */
const blank = 0;

/**
 * Best path decoding: the most probable class of each step, repeats merged, blanks removed (Graves et al. 2006, §3.2).
 * @param probabilities float32 `[steps, classes]` after softmax, class 0 the blank.
 * @param alphabet the character of class `i + 1` at index `i`.
 */
export function decodeCtc(
  probabilities: Float32Array,
  steps: number,
  classes: number,
  alphabet: readonly string[],
): Reading {
  let text = '';
  let sum = 0;
  let kept = 0;
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
    const character = best === previous ? undefined : alphabet[best - 1];
    if (character !== undefined) {
      text += character;
      sum += probability;
      kept += 1;
    }
    previous = best;
  }
  return { text, score: kept === 0 ? 0 : sum / kept };
}
