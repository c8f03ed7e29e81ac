"""Clean license plates for plate-reader, in grayscale, of several families, with the boxes of their lines of text."""

from dataclasses import dataclass

import cv2
import numpy as np

from plates import HEADERS
from reader_decor import SLOGANS, STATES, blob, emblem, holder, landscape, printed, stack, sticker
from reader_lines import GLYPH_HEIGHT, LINE_PAD, Lettering, put, small_print, text_line
from registrations import BRAZIL, CODES, EUROPE, NORTH_AMERICA, REPEATED_SHARE, SEPARATORS, TWO_LINES, fill, label_of, registration

# Minimum aspect ratio of a line, so that a short code is not stretched too much.
SHORTEST_LINE = 2.5
# Minimum aspect ratio of one of two lines.
SHORTEST_HALF = 1.2


@dataclass(frozen=True)
class CleanPlate:
    """A float grayscale image, what is to be read, the boxes (x0, y0, x1, y1) of its one or two lines, and the `centers_of` its letters."""

    image: np.ndarray
    text: str
    boxes: np.ndarray
    centers: np.ndarray


def centers_of(text, spans, start, across, box, line=0):
    """Return a row per letter or digit of a line: the number of the line, the center as a fraction of the line's length, and whether
    the letter stands directly beside the one before it. `spans`, scaled by `across`, begin at `start`.
    """
    rows = []
    for index, (c, (x, width)) in enumerate(zip(text, spans)):
        if c not in SEPARATORS:
            center = (start + (x + width / 2) * across - box[0]) / (box[2] - box[0])
            rows.append((line, center, index > 0 and text[index - 1] not in SEPARATORS))
    return np.array(rows, np.float32)


def _tones(rng, dark_share=0.12, faint_share=0.12):
    """Return the tones of paper and ink; sometimes light on dark, sometimes faint."""
    if rng.random() < dark_share:
        paper, ink = rng.uniform(20, 90), rng.uniform(150, 255)
    else:
        paper, ink = rng.uniform(130, 250), rng.uniform(0, 60)
    if rng.random() < faint_share:
        ink = paper + np.sign(ink - paper) * rng.uniform(35, 90)
    return paper, ink


def _place_line(rng, image, line, area, height, ink, shortest=SHORTEST_LINE):
    """Draw a line mask into the horizontal span `area` (left, right) at `height` (top, in pixels). Return its box and its scale across."""
    left, right = area
    room, written = right - left, line.shape[1]
    wide = min(room, written * rng.uniform(1.0, 1.2)) if written < room * 0.75 else room
    line = cv2.resize(line, (max(int(wide), 8), line.shape[0]), interpolation=cv2.INTER_AREA)
    start = left + (room - wide) / 2
    put(image, line, start, height, ink)
    pad = LINE_PAD * wide / written
    box = np.array((start + pad, height + LINE_PAD, start + wide - pad, height + line.shape[0] - LINE_PAD))
    short = max(0, (box[3] - box[1]) * shortest - (box[2] - box[0])) / 2
    return box + (-short, 0, short, 0), start, wide / written


def _band(rng, glyphs, image, ink):
    """Draw the band of a European plate, with a ring of stars or a coat of arms. Return its width."""
    height, width = image.shape
    band = int(width * rng.uniform(0.06, 0.11))
    if rng.random() < 0.7:
        image[:, :band] = rng.uniform(30, 110)
        cv2.circle(image, (band // 2, height // 3), max(band // 3, 2), rng.uniform(90, 210), int(rng.integers(1, 4)), cv2.LINE_AA)
        tone = rng.uniform(150, 250)
    else:
        cv2.circle(image, (band // 2, height // 3), max(band // 3, 2), rng.uniform(40, 180), -1)
        tone = ink
    put(image, small_print(rng, glyphs, fill(rng, "AA")[: rng.integers(1, 3)], height * 0.22, band * 0.6), band * 0.2, height * 0.62, tone)
    return band


def _border(rng, image, ink):
    height, width = image.shape
    if rng.random() < 0.5:
        inset = int(height * rng.uniform(0, 0.05))
        cv2.rectangle(image, (inset, inset), (width - 1 - inset, height - 1 - inset), float(ink), int(rng.integers(1, 4)), cv2.LINE_AA)


def _wide(rng, glyphs, formats, repeated):
    """Draw a plate with one line and at most a band or a header: European and Brazilian formats, and random codes."""
    text = registration(rng, formats, repeated)
    line, spans = text_line(rng, Lettering.choose(rng, glyphs), text)
    top, foot, aspect = {
        "EUROPE": ((0.04, 0.14), (0.04, 0.14), (4.1, 4.9)),
        "BRAZIL": ((0.26, 0.36), (0.1, 0.22), (2.8, 3.3)),
        "CODES": ((0.04, 0.35), (0.04, 0.25), (2.2, 5)),
    }["EUROPE" if formats is EUROPE else "BRAZIL" if formats is BRAZIL else "CODES"]
    top, foot = rng.uniform(*top), rng.uniform(*foot)
    height = int(line.shape[0] / (1 - top - foot))
    width = int(height * rng.uniform(*aspect))
    paper, ink = _tones(rng, faint_share=0.05)
    image = np.full((height, width), paper, np.float32)
    left = width * rng.uniform(0.03, 0.06)
    if formats is EUROPE and rng.random() < 0.75:
        left = _band(rng, glyphs, image, ink) + width * rng.uniform(0.0, 0.03)
    box, start, across = _place_line(rng, image, line, (left, width * rng.uniform(0.94, 0.98)), height * top, ink)
    if formats is BRAZIL or (formats is CODES and top > 0.2):
        words = HEADERS[rng.integers(len(HEADERS))] if rng.random() < 0.5 else "BA-" + fill(rng, "AAAAAA AAAA"[: rng.integers(5, 11)])
        share = rng.uniform(0.25, 0.6)
        tone = paper if rng.random() < 0.15 else ink
        if tone == paper:
            image[: int(height * top * 0.85)] = rng.uniform(30, 90)
        put(image, small_print(rng, glyphs, words, height * rng.uniform(0.09, 0.15), width * share), width * (1 - share) / 2, height * 0.06, tone)
    _border(rng, image, ink)
    return CleanPlate(image, label_of(text), box[None], centers_of(text, spans, start, across, box))


def _north_american(rng, glyphs, repeated):
    """Draw a plate of a North American state: a name above, a slogan below, a painted ground, stickers, a frame."""
    text = registration(rng, NORTH_AMERICA, repeated)
    line, spans = text_line(rng, Lettering.choose(rng, glyphs, narrow=True), text)
    top, foot = rng.uniform(0.2, 0.34), rng.uniform(0.15, 0.29)
    height = int(line.shape[0] / (1 - top - foot))
    width = int(height * rng.uniform(1.9, 2.15))
    paper, ink = _tones(rng, faint_share=0.2)
    image = np.full((height, width), paper, np.float32)
    if rng.random() < 0.6:
        landscape(rng, image)
    left, right = width * rng.uniform(0.03, 0.09), width * rng.uniform(0.91, 0.97)
    above, tall = height * top, line.shape[0]
    if rng.random() < 0.12:
        reach = width * rng.uniform(0.06, 0.11)
        at_left = rng.random() < 0.5
        stack(rng, glyphs, image, left if at_left else right - reach, above + tall * 0.1, reach * 0.8, tall * 0.8, ink)
        left, right = (left + reach * 1.1, right) if at_left else (left, right - reach * 1.1)
    elif rng.random() < 0.08:
        size = tall * rng.uniform(0.5, 0.9)
        blob(rng, image, left + size / 2, above + tall / 2, size / 2, paper + (ink - paper) * rng.uniform(0.3, 1))
        left += size * 1.1
    box, start, across = _place_line(rng, image, line, (left, right), above, ink)
    for x, reach in (span for c, span in zip(text, spans) if c == "~"):
        emblem(rng, glyphs, image, start + x * across, reach * across, box[1], box[3] - box[1], ink, paper)
    if rng.random() < 0.9:
        printed(rng, glyphs, image, STATES, height * rng.uniform(0.02, 0.08), height * top * rng.uniform(0.4, 0.75), paper + (ink - paper) * rng.uniform(0.3, 1))
    if rng.random() < 0.7:
        printed(rng, glyphs, image, SLOGANS, height * (1 - foot * rng.uniform(0.5, 0.75)), height * foot * rng.uniform(0.25, 0.5), paper + (ink - paper) * rng.uniform(0.3, 1))
    for x in (0.02, 0.84):
        for y, share in ((0.03, 0.45), (0.84, 0.12)):
            if rng.random() < share:
                sticker(rng, glyphs, image, width * (x + rng.normal(0, 0.01)), height * y, width * rng.uniform(0.09, 0.14), height * rng.uniform(0.1, 0.18), ink)
    _border(rng, image, ink)
    if rng.random() < 0.4:
        holder(rng, glyphs, image)
    return CleanPlate(image, label_of(text), box[None], centers_of(text, spans, start, across, box))


def _two_lines(rng, glyphs, repeated):
    """Draw a plate with two lines: of motorcycles, trucks, and narrow recesses."""
    text = registration(rng, TWO_LINES, repeated)
    lettering = Lettering.choose(rng, glyphs)
    texts = text.split("|")
    rows, spans = zip(*(text_line(rng, lettering, row) for row in texts))
    lengths, rows = [row.shape[1] for row in rows], list(rows)
    if rng.random() < 0.4:
        share = rng.uniform(0.6, 0.9) if rng.random() < 0.7 else rng.uniform(1.1, 1.4)
        rows[0] = cv2.resize(rows[0], (int(rows[0].shape[1] * share), int(rows[0].shape[0] * share)), interpolation=cv2.INTER_AREA)
    gap = GLYPH_HEIGHT * rng.uniform(0.02, 0.35)
    top, foot = rng.uniform(0.04, 0.2), rng.uniform(0.03, 0.14)
    height = int((rows[0].shape[0] + gap + rows[1].shape[0]) / (1 - top - foot))
    width = int(height * rng.uniform(1.05, 2.1))
    paper, ink = _tones(rng)
    image = np.full((height, width), paper, np.float32)
    left, right = width * rng.uniform(0.04, 0.1), width * rng.uniform(0.9, 0.96)
    if rng.random() < 0.4:
        band = width * rng.uniform(0.1, 0.17)
        image[: int(height * rng.choice((0.5, 1))), : int(band)] = rng.uniform(30, 110)
        left = max(left, band * 1.1)
    boxes, centers, y = [], [], height * top
    for index, row in enumerate(rows):
        inset = (right - left) * (rng.uniform(0, 0.2) if rng.random() < 0.5 else 0)
        box, start, across = _place_line(rng, image, row, (left + inset, right - inset * (index == 0)), y, ink, SHORTEST_HALF)
        boxes.append(box)
        centers.append(centers_of(texts[index], spans[index], start, across * row.shape[1] / lengths[index], box, index))
        y += row.shape[0] + gap
    if top > 0.14:
        printed(rng, glyphs, image, HEADERS, height * 0.02, height * top * 0.6, ink)
    _border(rng, image, ink)
    return CleanPlate(image, label_of(text), np.array(boxes), np.concatenate(centers))


# The families, and how often each is drawn.
FAMILIES = {"brazil": 0.24, "europe": 0.3, "north-america": 0.28, "codes": 0.08, "two-lines": 0.1}


def draw_clean(rng, glyphs, family=None, repeated=REPEATED_SHARE):
    """Return a clean plate of a family, of a random one by default. `repeated` is the share of texts with a repeated character."""
    family = family or list(FAMILIES)[rng.choice(len(FAMILIES), p=list(FAMILIES.values()))]
    if family == "north-america":
        return _north_american(rng, glyphs, repeated)
    if family == "two-lines":
        return _two_lines(rng, glyphs, repeated)
    return _wide(rng, glyphs, {"brazil": BRAZIL, "europe": EUROPE, "codes": CODES}[family], repeated)
