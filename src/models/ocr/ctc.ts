/** Greedy decoding of a CTC recognizer's output. Worker threads. */

export interface Recognition {
  readonly text: string;
  /** Confidence from 0 to 1; 0 for an empty text. */
  readonly score: number;
  /** The characters of the text, if the recognizer tells how certain it is of each. */
  readonly characters?: readonly RecognizedCharacter[];
}

export interface RecognizedCharacter {
  readonly character: string;
  /** Probability that it is right, 0 to 1. */
  readonly certainty: number;
}

/**
 * How the characters' probabilities are combined into the score of a text. `mean` is what PP-OCR reports; it is overconfident for
 * long texts. `product`, over letters and digits only, is the probability that all of them are right if errors are independent.
 */
export type Scoring = 'mean' | 'product';

/** The CTC blank class. PP-OCR and most CTC exports use the first class. */
const blank = 0;

/** Certainty of a space that `spaceFrom` inserts. Its probability says little: see `generalSpaceFrom` in recognizers.ts. */
const insertedSpaceCertainty = 0.9;

/** How a recognizer's output is decoded. */
export interface CtcRules {
  readonly scoring: Scoring;
  /**
   * Minimum probability at which a space is inserted between two characters although the blank is more probable. For recognizers
   * that detect spaces with too little confidence. By default, a space must be the most probable class of its step, as any character.
   */
  readonly spaceFrom?: number | undefined;
}

/**
 * Best path decoding: the most probable class of each step, repeats merged, blanks removed (Graves et al. 2006, §3.2).
 * @param probabilities float32 `[steps, classes]` after softmax, class 0 the blank.
 * @param alphabet the character of class `i + 1` at index `i`.
 * @returns the trimmed text: the margins of a line look like spaces.
 */
export function decodeCtc(
  probabilities: Float32Array,
  steps: number,
  classes: number,
  alphabet: readonly string[],
  { scoring, spaceFrom = Number.POSITIVE_INFINITY }: CtcRules = { scoring: 'mean' },
): Recognition {
  const characters: Character[] = [];
  const gap = new Gap(alphabet.indexOf(' ') + 1, spaceFrom);
  let previous = blank;
  for (let step = 0; step < steps; step++) {
    const row = probabilities.subarray(step * classes, (step + 1) * classes);
    const best = argmax(row);
    const certainty = row[best] as number;
    const character = alphabet[best - 1];
    gap.addStep(row, best);
    if (character !== undefined && best !== previous) {
      if (gap.endAt(best) && characters.at(-1)?.character !== ' ') characters.push(insertedSpace);
      characters.push({ character, certainty, isInserted: false });
    } else if (character !== undefined) {
      const last = characters.at(-1) as Character;
      last.certainty = Math.max(certainty, last.certainty);
    }
    previous = best;
  }
  const shown = trim(characters);
  const text = shown.map(({ character }) => character).join('');
  const scored = characters.filter(({ isInserted }) => !isInserted);
  return {
    text,
    score: text === '' ? 0 : scoreOf(scored, scoring),
    characters: shown.map(({ character, certainty }) => ({ character, certainty })),
  };
}

interface Character {
  readonly character: string;
  /** Its highest probability over its run of steps. */
  certainty: number;
  /** Such spaces have no effect on the score. */
  readonly isInserted: boolean;
}

const insertedSpace: Character = { character: ' ', certainty: insertedSpaceCertainty, isInserted: true };

function trim(characters: readonly Character[]): readonly Character[] {
  const isText = ({ character }: Character) => character.trim() !== '';
  return characters.slice(Math.max(0, characters.findIndex(isText)), characters.findLastIndex(isText) + 1);
}

/** Index of the highest value; the first one on a tie. */
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

/** A space counts as an echo if it was at least this many times more probable in the previous gap. */
const echoFactor = 2;

/**
 * Detects spaces in the gap between two characters. A clear space often leaves a faint echo after the first letter of the next
 * word, so a space that is much fainter than in the previous gap is ignored.
 */
class Gap {
  readonly #space: number;
  readonly #spaceFrom: number;
  #isFirst = true;
  /** Highest probability of a space in the previous gap and in the current one. */
  #previous = 0;
  #current = 0;

  /** @param space class of the space; 0 if the alphabet has none. */
  constructor(space: number, spaceFrom: number) {
    this.#space = space;
    this.#spaceFrom = spaceFrom;
  }

  /** Steps whose best class is a character are not part of a gap. */
  addStep(row: Float32Array, best: number): void {
    if (this.#space === blank || (best !== blank && best !== this.#space)) return;
    this.#current = Math.max(this.#current, row[this.#space] as number);
  }

  /** Called when the best class changes. @returns whether a space precedes it; never true for the first character. */
  endAt(best: number): boolean {
    if (best === this.#space) return false;
    const isSpace = !this.#isFirst && this.#current >= this.#spaceFrom && this.#previous < echoFactor * this.#current;
    // The margin before the first character looks like a space.
    this.#previous = this.#isFirst ? 0 : this.#current;
    this.#current = 0;
    this.#isFirst = false;
    return isSpace;
  }
}

const isLetterOrDigit = /[\p{L}\p{N}]/u;

function scoreOf(characters: readonly Character[], scoring: Scoring): number {
  switch (scoring) {
    case 'mean':
      return characters.reduce((sum, { certainty }) => sum + certainty, 0) / characters.length;
    case 'product':
      return characters
        .filter(({ character }) => isLetterOrDigit.test(character))
        .reduce((product, { certainty }) => product * certainty, 1);
  }
}
