"""Draws single license plates: styles of many countries, wear, bolts, and frames."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

FONT_SIZE = 96
LETTERS = "ABCDEFGHIJKLMNOPRSTUVWXYZ"
FONT_HINTS = ("sans", "arimo", "roboto", "din", "narrow", "mono", "gothic", "lato", "play", "dosis", "hack",
              "cousine", "cantarell", "spartan", "kaffeesatz", "condensed", "fira")
FONT_EXCLUDED = ("italic", "oblique", "thin", "hairline", "light", "symbol", "math", "slab", "serif")
HEADERS = ("SAO PAULO", "SALVADOR", "RIO VERDE", "LIMA NORTE", "BRASIL", "ARGENTINA", "OHIO STATE", "NORTH COAST",
           "LAKE COUNTY", "SUNSHINE", "CAPITAL", "PORTO ALTO", "BA-CAMACARI", "VICTORIA", "GARDEN VALLEY")


@dataclass(frozen=True)
class Style:
    """Proportions and look of one family of plates. Sizes are fractions of the plate's height or width."""

    aspect: tuple
    patterns: tuple
    backgrounds: tuple
    inks: tuple
    lines: int = 1
    band: float = 0.0
    header: float = 0.0
    footer: float = 0.0
    top_band: float = 0.0
    weight: float = 1.0


WHITE, OFF_WHITE, GRAY, YELLOW = (240, 240, 238), (222, 220, 208), (170, 172, 172), (238, 190, 40)
BLACK, NAVY, BLUE, GREEN, RED = (18, 18, 20), (20, 32, 84), (24, 60, 150), (20, 96, 60), (150, 24, 28)

STYLES = (
    Style((4.4, 4.8), ("AA-000AA", "AA-000-AA", "0A0 0000", "AA 00000", "AA00 AAA", "A-AA 0000", "A 000 AA", "AAA-00"),
          (WHITE, WHITE, OFF_WHITE, YELLOW), (BLACK,), band=0.75, weight=4.0),
    Style((4.2, 4.8), ("AAA 00-00", "AA 00-00", "AAA-000", "AA 00 AA 0000"), (WHITE, OFF_WHITE, YELLOW, BLACK, BLUE),
          (BLACK, BLACK, NAVY, GREEN), weight=1.2),
    Style((2.9, 3.3), ("AAA-0000", "AAA·0000", "AAA 0000"), (GRAY, GRAY, OFF_WHITE, WHITE, RED), (BLACK,),
          header=0.75, weight=2.6),
    Style((2.9, 3.3), ("AAA0A00", "AA 000 AA", "AAA 0A00"), (WHITE,), (BLACK,), top_band=1.0, weight=1.2),
    Style((3.0, 3.3), ("AA·00000", "A·A0000", "AA 00000"), (BLUE, GREEN, YELLOW, WHITE), (BLACK,), weight=0.8),
    Style((1.9, 2.2), ("AAA-0000", "000 AAA", "0AAA000", "AAA 000"), (WHITE, OFF_WHITE, YELLOW, NAVY, GREEN),
          (BLACK, NAVY, GREEN, RED), header=0.85, footer=0.6, weight=1.6),
    Style((2.5, 2.9), ("AAA-000", "AAA 00A", "000 AAA"), (WHITE, YELLOW, BLACK, OFF_WHITE), (BLACK, NAVY, GREEN),
          header=0.3, footer=0.3, weight=0.7),
    Style((1.25, 1.5), ("AA 00|AA 00", "AAA|0000", "AA 0|AA 000"), (WHITE, YELLOW, OFF_WHITE, GRAY), (BLACK,), lines=2,
          band=0.3, header=0.2, weight=1.0),
    Style((1.9, 2.1), ("AA 00|00-00", "A 000|00-00", "AA-0|0000"), (WHITE, YELLOW, GREEN), (BLACK, GREEN), lines=2,
          weight=0.6),
)


@dataclass(frozen=True)
class Plate:
    """A drawn plate: RGBA pixels with a margin (frame), the four corners of the plate itself, and its registration.

    Lines of the registration are separated by `|`.
    """

    pixels: np.ndarray
    corners: np.ndarray
    aspect: float
    text: str


class FontBook:
    """All usable fonts under a folder. Draws text masks with a random font."""

    def __init__(self, folder):
        paths = sorted(p for p in Path(folder).rglob("*") if p.suffix.lower() in (".ttf", ".otf"))
        if not paths:
            raise FileNotFoundError(f"no .ttf or .otf font found in {folder}")
        plain = [p for p in paths if any(hint in p.stem.lower() for hint in FONT_HINTS)
                 and not any(word in p.stem.lower() for word in FONT_EXCLUDED)]
        self.plate_fonts = [ImageFont.truetype(str(p), FONT_SIZE) for p in plain or paths]
        self.any_fonts = [ImageFont.truetype(str(p), FONT_SIZE) for p in paths if "symbol" not in p.stem.lower()]

    def mask(self, rng, text, height, width=None, plain=True):
        """Return a tight float mask of `text`, scaled to `height` and, if given, to `width`."""
        fonts = self.plate_fonts if plain else self.any_fonts
        font = fonts[rng.integers(len(fonts))]
        left, top, right, bottom = font.getbbox(text)
        image = Image.new("L", (max(right - left, 1), max(bottom - top, 1)))
        ImageDraw.Draw(image).text((-left, -top), text, font=font, fill=255)
        mask = np.asarray(image, dtype=np.float32) / 255
        if width is None:
            width = mask.shape[1] * height / mask.shape[0]
        return cv2.resize(mask, (max(int(width), 1), max(int(height), 1)), interpolation=cv2.INTER_AREA)


def random_text(rng, pattern):
    """Fill a pattern: A becomes a letter, 0 a digit; other characters are kept."""
    digits = rng.integers(0, 10, len(pattern))
    letters = rng.integers(0, len(LETTERS), len(pattern))
    return "".join(LETTERS[b] if c == "A" else str(a) if c == "0" else c for c, a, b in zip(pattern, digits, letters))


def stamp(image, mask, x, y, color, strength=1.0):
    """Blend `color` into a float RGB image through a mask placed at (x, y), clipped to the image."""
    x, y = int(x), int(y)
    height, width = mask.shape
    x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + width, image.shape[1]), min(y + height, image.shape[0])
    if x0 >= x1 or y0 >= y1:
        return
    alpha = mask[y0 - y : y1 - y, x0 - x : x1 - x, None] * strength
    patch = image[y0:y1, x0:x1]
    patch += (np.asarray(color, np.float32) - patch) * alpha


def rounded_mask(height, width, radius):
    """Return a float mask of a rectangle with rounded corners."""
    mask = np.zeros((height, width), np.uint8)
    radius = int(max(radius, 1))
    cv2.rectangle(mask, (radius, 0), (width - radius - 1, height - 1), 255, -1)
    cv2.rectangle(mask, (0, radius), (width - 1, height - radius - 1), 255, -1)
    for x in (radius, width - radius - 1):
        for y in (radius, height - radius - 1):
            cv2.circle(mask, (x, y), radius, 255, -1, cv2.LINE_AA)
    return mask.astype(np.float32) / 255


def _ink_for(rng, style, background):
    """Return a color that contrasts with the background."""
    if sum(background) < 330:
        return WHITE if rng.random() < 0.8 else YELLOW
    return style.inks[rng.integers(len(style.inks))]


def _draw_text(rng, fonts, image, relief, style, ink, area):
    """Draw a registration into the area (x0, y0, x1, y1), on one or two lines. Return its text."""
    x0, y0, x1, y1 = area
    text = random_text(rng, style.patterns[rng.integers(len(style.patterns))])
    rows = text.split("|")
    row_height = (y1 - y0) / len(rows)
    for index, row in enumerate(rows):
        height = row_height * rng.uniform(0.68, 0.9)
        width = (x1 - x0) * rng.uniform(0.82, 0.97) * (rng.uniform(0.7, 1.0) if len(rows) > 1 else 1.0)
        mask = fonts.mask(rng, row, height, width)
        x = x0 + (x1 - x0 - width) / 2
        y = y0 + row_height * index + (row_height - height) / 2
        stamp(image, mask, x, y, ink)
        relief[int(y) : int(y) + mask.shape[0], int(x) : int(x) + mask.shape[1]] += mask
        if len(rows) == 1 and rng.random() < 0.45:
            radius = height * rng.uniform(0.09, 0.16)
            place = (int(x + width * rng.uniform(0.27, 0.45)), int(y + height * rng.uniform(0.3, 0.7)))
            color = [float(c) for c in rng.integers(40, 220, 3)]
            cv2.circle(image, place, int(max(radius, 1)), color, -1, cv2.LINE_AA)
    return text


def _wear(rng, image, relief):
    """Add embossing, dirt, bolts, and uneven light to a plate."""
    height, width = image.shape[:2]
    depth = rng.uniform(0, 45)
    slope = relief - np.roll(relief, (2, 2), axis=(0, 1))
    image += slope[..., None] * depth
    dirt = cv2.resize(rng.random((4, 9), dtype=np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    image *= 1 - (dirt * rng.uniform(0, 0.35) * (rng.random() < 0.6))[..., None]
    if rng.random() < 0.7:
        spots = [(0.03, 0.5), (0.97, 0.5)] if rng.random() < 0.3 else [(0.25, 0.1), (0.75, 0.1)]
        if rng.random() < 0.4:
            spots += [(x, 1 - y) for x, y in spots]
        color = [float(rng.integers(30, 220))] * 3
        for x, y in spots:
            cv2.circle(image, (int(x * width), int(y * height)), int(height * rng.uniform(0.03, 0.06)) + 1, color, -1, cv2.LINE_AA)
    if rng.random() < 0.25:
        edge = np.linspace(-1, 1, height)[:, None] * rng.uniform(-2, 2) + np.linspace(-1, 1, width)[None] * rng.uniform(-2, 2)
        image *= (1 - rng.uniform(0.2, 0.6) / (1 + np.exp(-edge * 12)))[..., None]
    else:
        ends = rng.uniform(0.8, 1.1, 2)
        image *= np.linspace(ends[0], ends[1], height, dtype=np.float32)[:, None, None]


def draw_plate(rng, fonts, height=88):
    """Draw one random plate with its margin, about `height` pixels high."""
    weights = np.array([style.weight for style in STYLES])
    style = STYLES[rng.choice(len(STYLES), p=weights / weights.sum())]
    if style.aspect[1] < 2.3:
        height = int(height * 1.5)
    aspect = rng.uniform(*style.aspect)
    width = int(height * aspect)
    background = style.backgrounds[rng.integers(len(style.backgrounds))]
    image = np.empty((height, width, 3), np.float32)
    image[:] = np.clip(np.array(background) + rng.integers(-14, 10, 3), 0, 255)
    if style.aspect[1] < 2.3 and rng.random() < 0.4:
        tint = rng.integers(120, 255, 3)
        image += (tint - image) * np.linspace(0, rng.uniform(0.3, 1), height, dtype=np.float32)[:, None, None]
    relief = np.zeros((height, width), np.float32)
    ink = _ink_for(rng, style, background)
    x0, y0, x1, y1 = width * 0.02, height * 0.05, width * 0.98, height * 0.95
    if rng.random() < style.band:
        band = int(width * rng.uniform(0.075, 0.1))
        image[:, :band] = (20, 50, 150) + rng.integers(-15, 30, 3)
        stamp(image, fonts.mask(rng, random_text(rng, "AA")[: rng.integers(1, 3)], height * 0.22, band * 0.6), band * 0.2, height * 0.68, WHITE)
        cv2.circle(image, (band // 2, int(height * 0.32)), max(int(band * 0.3), 1), (225.0, 200.0, 60.0), 1 + height // 40, cv2.LINE_AA)
        x0 = band + width * 0.01
        if rng.random() < 0.15:
            image[:, -band:] = (20, 50, 150)
            x1 = width - band * 1.1
    if rng.random() < style.top_band:
        image[: int(height * 0.24)] = (20, 50, 140) + rng.integers(-15, 30, 3)
        stamp(image, fonts.mask(rng, "BRASIL", height * 0.14, width * 0.25), width * 0.37, height * 0.05, WHITE)
        y0 = height * 0.25
    elif rng.random() < style.header:
        text_height = height * rng.uniform(0.1, 0.16)
        mask = fonts.mask(rng, HEADERS[rng.integers(len(HEADERS))], text_height)
        mask = mask[:, : int(width * 0.7)]
        stamp(image, mask, (width - mask.shape[1]) / 2, height * 0.06, ink)
        y0 = height * 0.24
    if rng.random() < style.footer:
        mask = fonts.mask(rng, HEADERS[rng.integers(len(HEADERS))], height * 0.1)[:, : int(width * 0.7)]
        stamp(image, mask, (width - mask.shape[1]) / 2, height * 0.86, ink)
        y1 = height * 0.83
    text = _draw_text(rng, fonts, image, relief, style, ink, (x0, y0, x1, y1))
    if rng.random() < 0.55:
        inset = int(height * rng.uniform(0.0, 0.04))
        cv2.rectangle(image, (inset, inset), (width - 1 - inset, height - 1 - inset), [float(c) for c in ink], 1 + height // 45, cv2.LINE_AA)
    _wear(rng, image, relief)
    return framed(rng, fonts, np.clip(image, 0, 255), aspect, text)


def framed(rng, fonts, image, aspect, text):
    """Add a margin to the plate: transparent, or a dealer's frame or holder that is not part of the box."""
    height, width = image.shape[:2]
    pad = max(int(height * rng.uniform(0.04, 0.12)), 2)
    foot = int(height * rng.uniform(0.05, 0.22)) + pad
    pixels = np.zeros((height + pad + foot, width + 2 * pad, 4), np.float32)
    if rng.random() < 0.4:
        shade = float(rng.choice([15, 25, 40, 190], p=[0.4, 0.3, 0.2, 0.1]))
        pixels[..., :3] = shade
        pixels[..., 3] = rounded_mask(*pixels.shape[:2], pad)
        if rng.random() < 0.5:
            mask = fonts.mask(rng, random_text(rng, "AAAAAA AAAAA"), max(foot * 0.5, 2), width * rng.uniform(0.3, 0.8))
            stamp(pixels[..., :3], mask, width * 0.15, height + pad + foot * 0.2, (210 - shade * 0.8,) * 3)
    mask = rounded_mask(height, width, height * rng.uniform(0.03, 0.1))
    target = pixels[pad : pad + height, pad : pad + width]
    target[..., :3] = target[..., :3] * (1 - mask[..., None]) + image * mask[..., None]
    target[..., 3] = np.maximum(target[..., 3], mask)
    pixels[..., 3] *= 255
    corners = np.array([[pad, pad], [pad + width, pad], [pad + width, pad + height], [pad, pad + height]], np.float32)
    return Plate(np.clip(pixels, 0, 255).astype(np.uint8), corners, aspect, text)
