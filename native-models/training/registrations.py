"""Texts of license plates: formats of many countries, with their conventions for letters that look like digits."""

from dataclasses import dataclass

LETTERS, DIGITS, MARKED = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789", "ÄÖÜÑ"
# Characters of formats that stand for no letter or digit on a line.
SEPARATORS = " *-.~"
VOWELS, CONSONANTS = "AEIOU", "BCDFGHJKLMNPRSTVWXYZ"
# Letters of formats in which a letter may stand where a digit could: issuing offices leave out those that look like digits.
DISTINCT = "".join(c for c in LETTERS if c not in "IOQ")
# Shares of texts in which a character is repeated, and which have a letter with a mark, where the format allows it.
REPEATED_SHARE, MARKED_SHARE = 0.3, 0.04
# Share of texts in which letters that look like digits do not stand directly beside one: most countries avoid them there.
APART_SHARE = 0.7
# Share of North American formats with mixed letters and digits that use all letters nevertheless.
CONFUSABLE_SHARE = 0.03


@dataclass(frozen=True)
class Formats:
    """Formats of one family. A becomes a letter, 0 a digit; `*` and `~` are gaps with a seal or an emblem, `|` ends a line.

    `codes` is the share of random codes, `words` that of chosen words, and `marks` whether letters may have marks.
    """

    patterns: tuple
    codes: float = 0.0
    words: float = 0.0
    marks: bool = False
    distinct: bool = False


EUROPE = Formats((
    "AA-000AA", "AA*000AA", "AA*000AA", "AA-000AA", "0A0*0000", "AAA*00-00", "AAA 00-00", "0A0 0000", "AA 00000", "AA*00000",
    "AA00 AAA", "A AA 0000", "A*AA 000", "AA*AA 000", "AAA*A 00", "A-AA 0000", "A0-AAA", "AA-000-AA", "AA 000 AA",
    "0000 AAA", "00-AAA-0", "AA-00-AA", "AAA-000", "AAA 000", "AA 00 AAA", "A 000 AAA", "A*000000", "A-00000A",
    "AAA 00A", "AA 0000A", "AAA 0000", "AA 0000 AA", "000-AAA", "AA 00-00", "A 000 AA", "AA 0A0-AA", "A*AA 00"),
    codes=0.05, marks=True)
BRAZIL = Formats(("AAA-0000", "AAA.0000", "AAA.0000", "AAA.0000", "AAA 0000", "AAA0A00"), codes=0.02)
NORTH_AMERICA = Formats((
    "AAA~0000", "AAA~0000", "AAA-0000", "AAA 0000", "AAA0000", "0AAA000", "0AAA000", "0AAA000", "AA0~A0A", "AA0~A0A", "AA0~A0A",
    "AA0~A0A", "AA0 A0A", "AA0A0A", "AAA~000", "AAA 000", "000~AAA", "000 AAA", "AA0 A00", "AA0~A000", "AA0~0000", "A00~0000", "A00 0000", "00A~000", "0AA~000",
    "00A~0AA", "00A~0AA", "AAA A00", "AAA~A00", "0000000", "000 000", "00 00000", "00000A0", "00A00A0", "AA 00000", "AA~000", "AAA00", "A000000",
    "0A00000", "000A000", "AAAA00", "AAAA 000", "00000", "0000A", "AAA-A0"),
    codes=0.05, words=0.06, marks=False, distinct=True)
CODES = Formats(("AAA 0000", "0AAA000", "000 AAA", "AAA-0000", "AA 00000", "AA.00000", "A.A0000", "AAA 000", "00 AA 00"), codes=0.5, marks=True)
TWO_LINES = Formats((
    "AA|0000", "AAA|0000", "AAA|000", "AA 00|AA 00", "AA-0|0000", "AA 0|AA 000", "A 000|AA", "000|AAA", "AA*00|000", "A AA|000", "AA*A|00",
    "AA*AA|000", "00-A|0000", "AA 00|00-00", "AAA|0A00", "0A0|0000", "AA000|AA", "AA|000 AA", "AA|00000", "A0|AAA", "0000|AA", "AA 00|A 0000"),
    marks=True)


def fill(rng, pattern, letters=LETTERS):
    """Return a random text of a format, with `letters` for A."""
    return "".join(letters[rng.integers(len(letters))] if c == "A" else DIGITS[rng.integers(10)] if c == "0" else c for c in pattern)


def random_code(rng):
    """Return a random mix of letters and digits with an occasional separator."""
    pool = DISTINCT + DIGITS * int(rng.integers(1, 5))
    text = [pool[i] for i in rng.integers(0, len(pool), rng.integers(3, 10))]
    if rng.random() < 0.4:
        text.insert(int(rng.integers(1, len(text))), "- .*"[rng.integers(4)])
    return "".join(text)


def word(rng):
    """Return a pronounceable word of five to eight characters, sometimes with a digit at its end."""
    count = int(rng.integers(3, 5))
    text = "".join(CONSONANTS[rng.integers(len(CONSONANTS))] + VOWELS[rng.integers(len(VOWELS))] for _ in range(count))
    text = text[int(rng.integers(0, 2)) :]
    return text[:-1] + DIGITS[rng.integers(10)] if rng.random() < 0.2 else text


def repeat(rng, text):
    """Repeat some characters of the text in their neighbors: letters in letters, digits in digits."""
    characters = list(text)
    places = [i for i in range(1, len(text)) if text[i].isalpha() and text[i - 1].isalpha() or text[i].isdigit() and text[i - 1].isdigit()]
    if places:
        first = int(rng.integers(len(places)))
        for place in places[first : first + int(rng.integers(1, 4))]:
            characters[place] = characters[place - 1]
    return "".join(characters)


def mark(rng, text):
    """Replace one letter with a letter that has a mark."""
    places = [i for i, c in enumerate(text) if c.isalpha()]
    if not places:
        return text
    place = places[rng.integers(len(places))]
    return text[:place] + MARKED[rng.integers(len(MARKED))] + text[place + 1 :]


def registration(rng, formats, repeated=REPEATED_SHARE):
    """Return a random text of a family of formats, with its gaps. `repeated` is the share of texts with a repeated character."""
    kind = rng.random()
    if kind < formats.codes:
        text = random_code(rng)
    elif kind < formats.codes + formats.words:
        text = word(rng)
    else:
        pattern = formats.patterns[rng.integers(len(formats.patterns))]
        text = fill(rng, pattern, DISTINCT if formats.distinct and rng.random() > CONFUSABLE_SHARE else LETTERS)
    if rng.random() < repeated:
        text = repeat(rng, text)
    if rng.random() < APART_SHARE:
        text = apart(rng, text)
    return mark(rng, text) if formats.marks and rng.random() < MARKED_SHARE else text


def apart(rng, text):
    """Replace letters that look like digits where they stand directly beside a digit."""
    beside = [any(c.isdigit() for c in text[max(i - 1, 0) : i + 2]) for i in range(len(text))]
    return "".join(DISTINCT[rng.integers(len(DISTINCT))] if c in "IOQ" and near else c for c, near in zip(text, beside))


def label_of(text):
    """Return what is to be read: gaps and the end of a line are spaces."""
    return " ".join(text.replace("*", " ").replace("~", " ").replace("|", " ").split())
