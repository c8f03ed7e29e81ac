"""Lines of lettering for plates: masks of the registration, of headers, and of small print."""

import re
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from plates import FONT_EXCLUDED, FONT_HINTS
from reader_glyphs import GLYPH_HEIGHT, stroke_font
from registrations import DIGITS, LETTERS, MARKED, SEPARATORS

FONT_SIZE = 72
# Padding around the characters of a line mask, in pixels.
LINE_PAD = 4
STROKE_FONTS = 220
# Font families with plate-like lettering, in addition to those of the detector.
MORE_HINTS = ("archivo", "barlow", "chakra", "overpass", "oxanium", "rajdhani", "saira", "share-tech")
CHARACTERS = DIGITS + LETTERS + MARKED
WEB_FONT = re.compile(r"-latin-[4-7]00-normal\.woff$")
# Fonts for headers and slogans, of any kind, script and italic too: few, since each is kept open.
PRINT_FONTS, PRINT_SIZE = 60, 36


def font_paths(folders):
    """Return all font files under the folders. Of web fonts, only upright Latin files of medium weight are included."""
    paths = sorted(p for folder in folders for p in Path(folder).rglob("*"))
    return [p for p in paths if p.suffix in (".ttf", ".otf") or WEB_FONT.search(p.name)]


class Glyphs:
    """Tight masks of every character, in all fonts that suit plates and in alphabets drawn from strokes."""

    def __init__(self, paths):
        plain = [p for p in paths if any(hint in p.stem.lower() for hint in FONT_HINTS + MORE_HINTS)
                 and not any(word in p.stem.lower() for word in FONT_EXCLUDED)]
        self.fonts = [{c: self._mask(font, c) for c in CHARACTERS}
                      for font in (ImageFont.truetype(str(p), FONT_SIZE) for p in plain)]
        rng = np.random.default_rng(3)
        self.drawn = [stroke_font(rng) for _ in range(STROKE_FONTS)]
        any_kind = [p for p in paths if "symbol" not in p.stem.lower() and "math" not in p.stem.lower()]
        chosen = rng.choice(len(any_kind), min(PRINT_FONTS, len(any_kind)), replace=False)
        self.prints = [ImageFont.truetype(str(any_kind[i]), PRINT_SIZE) for i in sorted(chosen)]

    def choose(self, rng):
        """Return a random alphabet as masks by character."""
        family = self.drawn if rng.random() < 0.6 else self.fonts
        return family[rng.integers(len(family))]

    def words(self, rng, text, height, width):
        """Return a mask of printed words, in a random font of any kind, scaled to a size in pixels."""
        font = self.prints[rng.integers(len(self.prints))]
        left, top, right, bottom = font.getbbox(text)
        image = Image.new("L", (max(right - left, 1), max(bottom - top, 1)))
        ImageDraw.Draw(image).text((-left, -top), text, font=font, fill=255)
        return scaled(np.asarray(image), height, width)

    @staticmethod
    def _mask(font, character):
        left, top, right, bottom = font.getbbox(character)
        image = Image.new("L", (right - left, bottom - top))
        ImageDraw.Draw(image).text((-left, -top), character, font=font, fill=255)
        image = np.asarray(image)
        width = max(int(image.shape[1] * GLYPH_HEIGHT / image.shape[0]), 3)
        return cv2.resize(image, (width, GLYPH_HEIGHT), interpolation=cv2.INTER_AREA)


@dataclass(frozen=True)
class Lettering:
    """How the characters of one plate are drawn. Sizes are in pixels of a line mask."""

    font: dict
    stretch: float
    spacing: int
    cell: float
    gap: int
    thicken: int

    @classmethod
    def choose(cls, rng, glyphs, narrow=False):
        """Return a random lettering. North American plates use narrow characters."""
        return cls(
            font=glyphs.choose(rng),
            stretch=rng.uniform(0.55, 0.95) if narrow else rng.uniform(0.75, 1.15),
            spacing=int(rng.integers(2, 12)),
            cell=GLYPH_HEIGHT * rng.uniform(0.5, 0.7) if rng.random() < 0.3 else 0,
            gap=int(GLYPH_HEIGHT * rng.uniform(0.25, 0.75)),
            thicken=int(rng.integers(-2, 4)) if rng.random() < 0.5 else 0,
        )


def _separator(rng, c, gap):
    """Return the mask of a separator or of a gap: a hyphen, a dot, seals, or nothing."""
    width = int(gap * rng.uniform(0.7, 1.2)) if c in "-." else gap
    y, piece = GLYPH_HEIGHT // 2, np.zeros((GLYPH_HEIGHT, width), np.uint8)
    if c == "-":
        half = max(int(width * 0.35), 3)
        cv2.line(piece, (width // 2 - half, y), (width // 2 + half, y), 255, int(rng.integers(4, 9)))
    elif c == ".":
        cv2.circle(piece, (width // 2, y), int(rng.integers(3, 6)), 255, -1, cv2.LINE_AA)
    elif c == "*":
        for place in ((0.28, 0.72), (0.5,), (0.35, 0.6))[rng.integers(3)]:
            cv2.circle(piece, (width // 2, int(GLYPH_HEIGHT * place)), int(rng.integers(4, max(width // 2, 6))),
                       int(rng.integers(40, 256)), -1, cv2.LINE_AA)
            if rng.random() < 0.5:
                cv2.circle(piece, (width // 2, int(GLYPH_HEIGHT * place)), 3, int(rng.integers(0, 200)), -1)
    return piece


def text_line(rng, lettering, text):
    """Return a float mask of one line of characters, GLYPH_HEIGHT high with LINE_PAD around it, and (x, width) of each character."""
    pieces, spans, x = [], [], LINE_PAD
    for c in text:
        if c in SEPARATORS:
            piece = _separator(rng, c, lettering.gap)
        else:
            mask = lettering.font[c]
            piece = cv2.resize(mask, (max(int(mask.shape[1] * lettering.stretch), 4), GLYPH_HEIGHT), interpolation=cv2.INTER_AREA)
            if lettering.cell > piece.shape[1]:
                pad = int(lettering.cell - piece.shape[1])
                piece = np.pad(piece, ((0, 0), (pad // 2, pad - pad // 2)))
        pieces.append((x, piece))
        spans.append((x, piece.shape[1]))
        x += piece.shape[1] + lettering.spacing
    line = np.zeros((GLYPH_HEIGHT + 2 * LINE_PAD, x - lettering.spacing + LINE_PAD), np.uint8)
    for left, piece in pieces:
        line[LINE_PAD : LINE_PAD + GLYPH_HEIGHT, left : left + piece.shape[1]] = piece
    if lettering.thicken > 0:
        line = cv2.dilate(line, np.ones((lettering.thicken, lettering.thicken), np.uint8))
    elif lettering.thicken < 0:
        line = cv2.erode(line, np.ones((1 - lettering.thicken, 1 - lettering.thicken), np.uint8))
    return line.astype(np.float32) / 255, spans


def scaled(mask, height, width):
    """Return a uint8 mask as float, 0 to 1, at a size in pixels."""
    return cv2.resize(mask, (max(int(width), 4), max(int(height), 3)), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def small_print(rng, glyphs, words, height, width):
    """Return a mask of capitals that are not part of the label: a header or a dealer's name."""
    font = glyphs.choose(rng)
    row = np.concatenate([np.pad(font[c], ((0, 0), (0, 6))) if c in font else np.zeros((GLYPH_HEIGHT, 20), np.uint8) for c in words], 1)
    return scaled(row, height, width)


def put(image, mask, x, y, tone):
    """Blend a tone into a float grayscale image through a mask, clipped to the image."""
    x, y = int(x), int(y)
    height, width = min(mask.shape[0], image.shape[0] - y), min(mask.shape[1], image.shape[1] - x)
    if height > 0 and width > 0 and x >= 0 and y >= 0:
        patch = image[y : y + height, x : x + width]
        patch += (tone - patch) * mask[:height, :width]
