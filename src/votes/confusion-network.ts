/**
 * Joins the reads of a track into one text, character by character: a confusion network, as speech recognition uses it (Mangu et al. 2000;
 * Fiscus 1997). Worker threads.
 *
 * Each read adds evidence to one candidate of each column: the log odds of its character's certainty. If reads were independent, the sum of
 * the log odds of a candidate would be its posterior. They are not: a letter that looks like another one does so in every frame. Sums are
 * therefore reduced to those of fewer, independent reads before they become probabilities.
 *
 * The constants were fitted to 500 rendered tracks whose seeds are not among those that `npm run bench:votes` reports.
 */
import type { RecognizedCharacter } from '../models/ocr/ctc.ts';
import { align } from './alignment.ts';

/** Evidence by candidate of one place in the text; the empty string stands for no character. */
export type Column = ReadonlyMap<string, number>;

export interface Network {
  readonly columns: readonly Column[];
  /** Sum of the weights of the reads. */
  readonly weight: number;
  /** What the reads so far add to "no character" of a new column. */
  readonly absence: number;
}

/** The most likely text, and the probability that it is right. */
export interface Vote {
  readonly text: string;
  readonly score: number;
}

export const emptyNetwork: Network = { columns: [], weight: 0, absence: 0 };

export const noCharacter = '';

/** Correlation of two reads of a track: any number of reads is worth at most 1 / 0.2 = 5 independent ones. */
const correlation = 0.2;

/** Certainties beyond these limits say more about the model's training than about the plate. The lower one keeps a vote for every read character. */
const minCertainty = 0.52;
const maxCertainty = 0.999;

/** A read that shows nothing at a place is right about it three times out of four, if it is certain of the rest. */
const absenceCertainty = 0.78;

/** Probability that all reads of a track agree on the same wrong character. */
const commonErrorRate = 0.001;

/** Cost of a gap in an alignment; that of a character that its column does not have is 1. More than half of it twice, so that confusions stay in one column. */
const gapCost = 1.5;

/** Reads beyond this weight let the older ones fade, so numbers stay small and a track that the tracker gives to another object changes its text. */
const maxWeight = 20;

/** Candidates that are kept for a column. A fourth one never won. */
const maxCandidates = 3;

/** A column is forgotten once "no character" has this many times the evidence of its best character, and at least {@link minAbsence}. */
const absenceFactor = 8;
const minAbsence = 5;

/**
 * @param weight how much the read counts, 0 to 1.
 * @param maxColumns of the result.
 */
export function addRead(
  network: Network,
  characters: readonly RecognizedCharacter[],
  weight: number,
  maxColumns: number,
): Network {
  const absence = weight * Math.sqrt(textCertainty(characters)) * logOdds(absenceCertainty);
  const columns = joinedColumns(network, characters, weight, absence)
    .map((column) => withoutWeakCandidates(column, maxCandidates))
    .filter(isPresent);
  const joined = {
    columns: withoutWeakColumns(columns, maxColumns),
    weight: network.weight + weight,
    absence: network.absence + absence,
  };
  return joined.weight > maxWeight ? faded(joined, maxWeight / joined.weight) : joined;
}

/** Besides its candidates, a column may also be another character that no read has shown, or none. Without evidence, each has odds of 1. */
export function voteOf({ columns, weight }: Network): Vote {
  const perSum = weight <= 1 ? 1 : 1 / (1 + (weight - 1) * correlation);
  let text = '';
  let score = 1;
  for (const column of columns) {
    const [character, evidence] = bestOf(column);
    text += character;
    if (![...column.keys()].some(isLetterOrDigit)) continue;
    const odds = [...column.values()].map((each) => Math.exp(each * perSum));
    const unseen = column.has(noCharacter) ? 1 : 2;
    score *= ((1 - commonErrorRate) * Math.exp(evidence * perSum)) / odds.reduce((sum, each) => sum + each, unseen);
  }
  const trimmed = text.trim();
  return { text: trimmed, score: isLetterOrDigit(trimmed) ? score : 0 };
}

/** Keeps the columns, and in each the candidates, with the most evidence. */
export function shrunk(network: Network, maxColumns: number, candidates: number): Network {
  const columns = withoutWeakColumns(network.columns, maxColumns);
  return { ...network, columns: columns.map((column) => withoutWeakCandidates(column, candidates)) };
}

/** Whether a text has letters or digits. Spaces, hyphens and dots are guesses of the recognizer, and nobody compares them. */
export function isLetterOrDigit(text: string): boolean {
  return /[\p{L}\p{N}]/u.test(text);
}

function logOdds(probability: number): number {
  return Math.log(probability / (1 - probability));
}

/** NaN, of a faulty model, counts as the lowest certainty. */
function clamp(certainty: number): number {
  return certainty > minCertainty ? Math.min(certainty, maxCertainty) : minCertainty;
}

/** Probability that all letters and digits are right. Of a text without any, 0: it may be a blank crop. */
function textCertainty(characters: readonly RecognizedCharacter[]): number {
  const counted = characters.filter(({ character }) => isLetterOrDigit(character));
  return counted.length === 0 ? 0 : counted.reduce((product, { certainty }) => product * clamp(certainty), 1);
}

function joinedColumns(
  network: Network,
  characters: readonly RecognizedCharacter[],
  weight: number,
  absence: number,
): readonly Column[] {
  const shares = network.columns.map(sharesOf);
  const characterAt = (index: number) => (characters[index] as RecognizedCharacter).character;
  const pairs = align(network.columns.length, characters.length, {
    match: (column, index) => 1 - (shares[column]?.get(characterAt(index)) ?? 0),
    skip: (column) => gapCost * (1 - (shares[column]?.get(noCharacter) ?? 0)),
    insert: () => gapCost,
  });
  const newColumn: Column = network.absence > 0 ? new Map([[noCharacter, network.absence]]) : new Map();
  return pairs.map(({ column, character }) => {
    const before = (column === undefined ? undefined : network.columns[column]) ?? newColumn;
    const read = character === undefined ? undefined : characters[character];
    if (read === undefined) return withEvidence(before, noCharacter, absence);
    return withEvidence(before, read.character, weight * logOdds(clamp(read.certainty)));
  });
}

function withEvidence(column: Column, candidate: string, evidence: number): Column {
  return new Map([...column, [candidate, (column.get(candidate) ?? 0) + evidence]]);
}

/** Evidence as a fraction of the best candidate's. */
function sharesOf(column: Column): Column {
  const [, highest] = bestOf(column);
  return new Map([...column].map(([candidate, evidence]) => [candidate, highest > 0 ? evidence / highest : 0]));
}

/** The candidate with the most evidence; of equal ones, a character rather than none. */
function bestOf(column: Column): readonly [string, number] {
  let best: readonly [string, number] = [noCharacter, column.get(noCharacter) ?? 0];
  for (const each of column) if (each[1] > best[1] || (best[0] === noCharacter && each[1] === best[1])) best = each;
  return best;
}

function evidenceOfCharacters(column: Column): number {
  return Math.max(0, ...[...column].map(([candidate, evidence]) => (candidate === noCharacter ? 0 : evidence)));
}

function isPresent(column: Column): boolean {
  const absence = column.get(noCharacter) ?? 0;
  return absence < minAbsence || absence < absenceFactor * evidenceOfCharacters(column);
}

function withoutWeakCandidates(column: Column, count: number): Column {
  if (column.size <= count) return column;
  return new Map([...column].sort(([, a], [, b]) => b - a).slice(0, count));
}

/** Keeps the columns whose characters have the most evidence, in order. */
function withoutWeakColumns(columns: readonly Column[], count: number): readonly Column[] {
  if (columns.length <= count) return columns;
  const ranked = columns.map((column, index) => ({ index, evidence: evidenceOfCharacters(column) }));
  const kept = new Set(
    ranked
      .sort((a, b) => b.evidence - a.evidence)
      .slice(0, count)
      .map(({ index }) => index),
  );
  return columns.filter((_, index) => kept.has(index));
}

function faded({ columns, weight, absence }: Network, factor: number): Network {
  return {
    columns: columns.map((column) => new Map([...column].map(([candidate, each]) => [candidate, each * factor]))),
    weight: weight * factor,
    absence: absence * factor,
  };
}
