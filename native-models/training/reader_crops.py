"""Synthetic training crops for plate-reader: grayscale plates as a detector would crop them from photographs."""

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from plates import FONT_EXCLUDED, FONT_HINTS, HEADERS
from reader import HEIGHT, MARGIN_X, MARGIN_Y, WIDTH
from reader_glyphs import GLYPH_HEIGHT, stroke_font

FONT_SIZE = 72
# Padding around the characters of a line mask, in pixels.
LINE_PAD = 4
# Minimum aspect ratio of a line, so that a short code is not stretched too much.
SHORTEST_LINE = 2.5
STROKE_FONTS = 150
# Font families with plate-like lettering, in addition to those of the detector.
MORE_HINTS = ("archivo", "barlow", "chakra", "overpass", "oxanium", "rajdhani", "saira", "share-tech")
CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LETTERS, DIGITS = CHARACTERS[10:], CHARACTERS[:10]
# Random codes exclude letters that cannot be distinguished from digits.
CODE_LETTERS = LETTERS.replace("O", "").replace("I", "").replace("Q", "")
BRAZIL, EUROPE, CODE = range(3)
# A becomes a letter, 0 a digit, and * a gap for stickers or a coat of arms. Other characters are kept.
EUROPEAN = ("AA-000AA", "AA*000AA", "AA*000AA", "AA-000AA", "0A0*0000", "AAA*00-00", "AAA 00-00", "0A0 0000", "AA 00000", "AA*00000",
            "AA00 AAA", "A AA 0000", "A*AA 000", "AA*AA 000", "AAA*A 00", "A-AA 0000", "A0-AAA", "AA-000-AA", "AA 000 AA",
            "0000 AAA", "00-AAA-0", "AA-00-AA", "AAA-000", "AAA 000", "AA 00 AAA", "A 000 AAA", "A*000000", "A-00000A",
            "AAA 00A", "AA 0000A", "AAA 0000", "AA 0000 AA", "000-AAA", "AA 00-00", "A 000 AA", "AA 0A0-AA", "A*AA 00")
BRAZILIAN = ("AAA-0000", "AAA.0000", "AAA.0000", "AAA.0000", "AAA 0000", "AAA0A00")
OTHER = ("AAA 0000", "0AAA000", "000 AAA", "AAA-0000", "AA 00000", "AA.00000", "A.A0000", "AAA 000", "00 AA 00")


class Glyphs:
    """Tight masks of every character, in all fonts that suit plates and in alphabets drawn from strokes."""

    def __init__(self, paths):
        plain = [p for p in paths if any(hint in p.stem.lower() for hint in FONT_HINTS + MORE_HINTS)
                 and not any(word in p.stem.lower() for word in FONT_EXCLUDED)]
        self.fonts = [{c: self._mask(font, c) for c in CHARACTERS}
                      for font in (ImageFont.truetype(str(p), FONT_SIZE) for p in plain)]
        rng = np.random.default_rng(3)
        self.drawn = [stroke_font(rng) for _ in range(STROKE_FONTS)]

    def choose(self, rng):
        """Return a random alphabet as masks by character."""
        family = self.drawn if rng.random() < 0.6 else self.fonts
        return family[rng.integers(len(family))]

    @staticmethod
    def _mask(font, character):
        left, top, right, bottom = font.getbbox(character)
        image = Image.new("L", (right - left, bottom - top))
        ImageDraw.Draw(image).text((-left, -top), character, font=font, fill=255)
        image = np.asarray(image)
        width = max(int(image.shape[1] * GLYPH_HEIGHT / image.shape[0]), 3)
        return cv2.resize(image, (width, GLYPH_HEIGHT), interpolation=cv2.INTER_AREA)


def random_code(rng):
    """Return a random mix of letters and digits with an occasional separator."""
    pool = CODE_LETTERS + DIGITS * int(rng.integers(1, 5))
    text = [pool[i] for i in rng.integers(0, len(pool), rng.integers(3, 10))]
    if rng.random() < 0.4:
        text.insert(int(rng.integers(1, len(text))), "- .*"[rng.integers(4)])
    return "".join(text)


def fill(rng, pattern):
    """Return a random registration of a random format."""
    return "".join(LETTERS[rng.integers(26)] if c == "A" else DIGITS[rng.integers(10)] if c == "0" else c for c in pattern)


def text_line(rng, glyphs, text):
    """Return a mask of one line of characters, GLYPH_HEIGHT high, with randomly drawn sticker gaps."""
    font = glyphs.choose(rng)
    stretch = rng.uniform(0.75, 1.15)
    spacing = int(rng.integers(2, 12))
    cell = GLYPH_HEIGHT * rng.uniform(0.5, 0.7) if rng.random() < 0.3 else 0
    gap = int(GLYPH_HEIGHT * rng.uniform(0.25, 0.75))
    thicken = int(rng.integers(-2, 4)) if rng.random() < 0.5 else 0
    pieces, x = [], LINE_PAD
    for c in text:
        if c in " *-.":
            width = gap if c in " *" else int(gap * rng.uniform(0.7, 1.2))
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
        else:
            mask = font[c]
            piece = cv2.resize(mask, (max(int(mask.shape[1] * stretch), 4), GLYPH_HEIGHT), interpolation=cv2.INTER_AREA)
            if cell > piece.shape[1]:
                pad = int(cell - piece.shape[1])
                piece = np.pad(piece, ((0, 0), (pad // 2, pad - pad // 2)))
        pieces.append((x, piece))
        x += piece.shape[1] + spacing
    line = np.zeros((GLYPH_HEIGHT + 2 * LINE_PAD, x - spacing + LINE_PAD), np.uint8)
    for left, piece in pieces:
        line[LINE_PAD : LINE_PAD + GLYPH_HEIGHT, left : left + piece.shape[1]] = piece
    if thicken > 0:
        line = cv2.dilate(line, np.ones((thicken, thicken), np.uint8))
    elif thicken < 0:
        line = cv2.erode(line, np.ones((1 - thicken, 1 - thicken), np.uint8))
    return line.astype(np.float32) / 255


def small_print(rng, glyphs, words, height, width):
    """Return a mask of header or dealer text, which is not part of the label."""
    font = glyphs.choose(rng)
    row = np.concatenate([np.pad(font[c], ((0, 0), (0, 6))) if c in font else np.zeros((GLYPH_HEIGHT, 20), np.uint8) for c in words], 1)
    return cv2.resize(row, (max(int(width), 4), max(int(height), 3)), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def put(image, mask, x, y, tone):
    """Blend a tone into a float grayscale image through a mask, clipped to the image."""
    x, y = int(x), int(y)
    height, width = min(mask.shape[0], image.shape[0] - y), min(mask.shape[1], image.shape[1] - x)
    if height > 0 and width > 0 and x >= 0 and y >= 0:
        patch = image[y : y + height, x : x + width]
        patch += (tone - patch) * mask[:height, :width]


def draw(rng, glyphs):
    """Return a clean plate (float grayscale), its text, and the box (x0, y0, x1, y1) of its line of text."""
    kind = (BRAZIL, EUROPE, CODE)[rng.choice(3, p=(0.36, 0.44, 0.2))]
    patterns = (BRAZILIAN, EUROPEAN, OTHER)[kind]
    text = random_code(rng) if rng.random() < (0.02, 0.05, 0.5)[kind] else fill(rng, patterns[rng.integers(len(patterns))])
    line = text_line(rng, glyphs, text)
    top = {BRAZIL: rng.uniform(0.26, 0.36), EUROPE: rng.uniform(0.04, 0.14), CODE: rng.uniform(0.04, 0.35)}[kind]
    foot = {BRAZIL: rng.uniform(0.1, 0.22), EUROPE: rng.uniform(0.04, 0.14), CODE: rng.uniform(0.04, 0.25)}[kind]
    height = int(line.shape[0] / (1 - top - foot))
    aspect = {BRAZIL: rng.uniform(2.8, 3.3), EUROPE: rng.uniform(4.1, 4.9), CODE: rng.uniform(2.2, 5)}[kind]
    width = int(height * aspect)
    dark = rng.random() < 0.12
    paper = rng.uniform(20, 90) if dark else rng.uniform(130, 250)
    ink = rng.uniform(150, 255) if dark else rng.uniform(0, 60)
    image = np.full((height, width), paper, np.float32)
    left = width * rng.uniform(0.03, 0.06)
    if kind == EUROPE and rng.random() < 0.75:
        band = int(width * rng.uniform(0.06, 0.11))
        if rng.random() < 0.7:
            image[:, :band] = rng.uniform(30, 110)
            cv2.circle(image, (band // 2, height // 3), max(band // 3, 2), rng.uniform(90, 210), int(rng.integers(1, 4)), cv2.LINE_AA)
            tone = rng.uniform(150, 250)
        else:
            cv2.circle(image, (band // 2, height // 3), max(band // 3, 2), rng.uniform(40, 180), -1)
            tone = ink
        put(image, small_print(rng, glyphs, fill(rng, "AA")[: rng.integers(1, 3)], height * 0.22, band * 0.6), band * 0.2, height * 0.62, tone)
        left = band + width * rng.uniform(0.0, 0.03)
    right = width * rng.uniform(0.94, 0.98)
    room = right - left
    wide = min(room, line.shape[1] * rng.uniform(1.0, 1.2)) if line.shape[1] < room * 0.75 else room
    written = line.shape[1]
    line = cv2.resize(line, (max(int(wide), 8), line.shape[0]), interpolation=cv2.INTER_AREA)
    start, above = left + (room - wide) / 2, height * top
    put(image, line, start, above, ink)
    pad = LINE_PAD * wide / written
    box = np.array((start + pad, above + LINE_PAD, start + wide - pad, above + line.shape[0] - LINE_PAD))
    short = max(0, (box[3] - box[1]) * SHORTEST_LINE - (box[2] - box[0])) / 2
    if kind == BRAZIL or (kind == CODE and top > 0.2):
        words = HEADERS[rng.integers(len(HEADERS))] if rng.random() < 0.5 else "BA-" + fill(rng, "AAAAAA AAAA"[: rng.integers(5, 11)])
        share = rng.uniform(0.25, 0.6)
        tone = paper if rng.random() < 0.15 else ink
        if tone == paper:
            image[: int(height * top * 0.85)] = rng.uniform(30, 90)
        put(image, small_print(rng, glyphs, words, height * rng.uniform(0.09, 0.15), width * share), width * (1 - share) / 2, height * 0.06, tone)
    if rng.random() < 0.5:
        inset = int(height * rng.uniform(0, 0.05))
        cv2.rectangle(image, (inset, inset), (width - 1 - inset, height - 1 - inset), float(ink), int(rng.integers(1, 4)), cv2.LINE_AA)
    return image, text.replace("*", " ").strip(), box + (-short, 0, short, 0)


def wear(rng, image):
    """Add bolts, dirt, shadows, and embossing to a clean plate."""
    height, width = image.shape
    if rng.random() < 0.6:
        ys = ([0.1], [0.9], [0.1, 0.9], [0.5])[rng.integers(4)]
        xs = (0.03, 0.97) if ys == [0.5] else (0.25, 0.75)
        for x in xs:
            for y in ys:
                cv2.circle(image, (int(x * width + rng.normal(0, 5)), int(y * height)), int(rng.integers(2, 5)), float(rng.uniform(20, 220)), -1)
    if rng.random() < 0.3:
        image += (image - np.roll(image, (1, 2), (0, 1))) * rng.uniform(-0.3, 0.3)
    if rng.random() < 0.5:
        cloud = cv2.resize(rng.random((3, 8), dtype=np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
        image *= 1 - cloud * rng.uniform(0, 0.5)
    if rng.random() < 0.2:
        edge = np.linspace(-1, 1, height, dtype=np.float32)[:, None] * rng.uniform(-2, 2) + np.linspace(-1, 1, width, dtype=np.float32) * rng.uniform(-2, 2)
        image *= 1 - rng.uniform(0.2, 0.6) / (1 + np.exp(-edge * 12))


def surroundings(rng, glyphs, pool, height, width):
    """Return the surroundings of a plate: an image or a gradient, sometimes with a dealer's line below."""
    if pool and rng.random() < 0.5:
        picture = pool[rng.integers(len(pool))]
        y, x = rng.integers(0, picture.shape[0] - 64), rng.integers(0, picture.shape[1] - 128)
        return cv2.resize(picture[y : y + 64, x : x + 128], (width, height)).astype(np.float32)
    ends = rng.uniform(0, 255) + rng.normal(0, 25, 2)
    return np.repeat(np.linspace(ends[0], ends[1], height, dtype=np.float32)[:, None], width, 1)


def place(rng, glyphs, image, box, pool):
    """Project the plate at a camera angle, inside a box that fits about as well as a detector's box, with its margin.

    Return the crop (float grayscale) and the corners of its line of text in -1 to 1 (4, 2), clockwise from the top left.
    """
    height, width = image.shape
    frame = int(height * rng.uniform(0.05, 0.2)) if rng.random() < 0.45 else 0
    if frame:
        image = cv2.copyMakeBorder(image, frame // 2, frame, frame // 2, frame // 2, cv2.BORDER_CONSTANT, value=float(rng.choice([15, 35, 60, 200])))
        if rng.random() < 0.6:
            share = rng.uniform(0.4, 0.9)
            mask = small_print(rng, glyphs, fill(rng, "AAAAAA AAAAA"), frame * 0.6, width * share)
            put(image, mask, width * rng.uniform(0.02, 1 - share), height + frame * 0.7, float(rng.uniform(120, 255)))
    target_width = np.exp(rng.uniform(np.log(60), np.log(330)))
    scale = target_width / width
    angle, shear = np.radians(rng.normal(0, 3.5)), rng.normal(0, 0.1)
    turn = np.array(((np.cos(angle), -np.sin(angle) + shear), (np.sin(angle), np.cos(angle)))) * scale
    edge = frame // 2
    inner = np.array(((0, 0), (width, 0), (width, height), (0, height)), np.float32) + edge
    outer = np.array(((0, 0), (image.shape[1], 0), image.shape[::-1], (0, image.shape[0])), np.float32)
    keystone = rng.normal(0, 0.04, (4, 2)) * (0.4 * width, height)
    seen = (inner + keystone) @ turn.T
    low, high = seen.min(0), seen.max(0)
    size = high - low
    if rng.random() < 0.5:
        low, high = (low + high - np.ptp(inner, 0) * scale) / 2, (low + high + np.ptp(inner, 0) * scale) / 2
    low, high = low + rng.normal(-0.01, 0.045, 2) * size, high + rng.normal(0.01, 0.045, 2) * size
    margin = (high - low) * (MARGIN_X, MARGIN_Y)
    low, high = low - margin, high + margin
    shape = np.maximum(np.ceil(high - low), (24, 8)).astype(int)
    warp = cv2.getPerspectiveTransform(inner, (seen - low).astype(np.float32))
    line = np.array(((box[0], box[1]), (box[2], box[1]), (box[2], box[3]), (box[0], box[3])), np.float32) + edge
    corners = cv2.perspectiveTransform(line[None], warp)[0] / shape
    if scale < 0.7:
        small = cv2.resize(image, None, fx=scale * 1.3, fy=scale * 1.3, interpolation=cv2.INTER_AREA)
        warp = warp @ np.diag((image.shape[1] / small.shape[1], image.shape[0] / small.shape[0], 1))
        image = small
    canvas = surroundings(rng, glyphs, pool, shape[1], shape[0])
    mask = np.full(image.shape, 255, np.uint8)
    alpha = cv2.warpPerspective(mask, warp, tuple(shape)).astype(np.float32) / 255
    shown = cv2.warpPerspective(image, warp, tuple(shape), borderMode=cv2.BORDER_REPLICATE)
    return canvas + (shown - canvas) * alpha, corners * 2 - 1


def photograph(rng, image):
    """Apply exposure, glare, blur, motion, sharpening, noise, and JPEG artifacts. Return uint8 grayscale."""
    height, width = image.shape
    gain = rng.uniform(0.2, 1.25) if rng.random() < 0.7 else 1.0
    image = image * gain + rng.uniform(0, 50) * (gain < 1)
    if rng.random() < 0.1:
        image = 255 * np.clip(image / 255, 0, 1) ** rng.uniform(0.35, 0.7)
    if rng.random() < 0.12:
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        spread = width * rng.uniform(0.05, 0.3)
        glow = np.exp(-((np.arange(width) - x) ** 2 + (np.arange(height)[:, None] - y) ** 2) / spread**2).astype(np.float32)
        image = image + glow * rng.uniform(40, 200)
    kind = rng.random()
    if kind < 0.4:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 1.0) * max(0.8, width / 180))
    elif kind < 0.5:
        length = max(int(width * rng.uniform(0.015, 0.035)), 2)
        kernel = np.full((1, length), 1 / length, np.float32)
        image = cv2.filter2D(image, -1, kernel if rng.random() < 0.6 else kernel.T)
    if rng.random() < 0.25:
        image = image + (image - cv2.GaussianBlur(image, (0, 0), 1.0)) * rng.uniform(0.3, 2.0)
    if rng.random() < 0.5:
        image = image + rng.standard_normal(image.shape, dtype=np.float32) * rng.uniform(1, 14) * min(gain, 1)
    image = np.clip(image, 0, 255).astype(np.uint8)
    if rng.random() < 0.6:
        image = cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 95))])[1], cv2.IMREAD_GRAYSCALE)
    return image


def stretch(image):
    """Resize to the input as the gateway does: averaging if the crop is much larger, otherwise bilinear."""
    larger = image.shape[1] > WIDTH * 1.5 or image.shape[0] > HEIGHT * 1.5
    return cv2.resize(image, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA if larger else cv2.INTER_LINEAR)


def make_crop(rng, glyphs, pool):
    """Return one training sample: a uint8 image (HEIGHT, WIDTH), its text, and the line's corners in -1 to 1 (4, 2)."""
    image, text, box = draw(rng, glyphs)
    wear(rng, image)
    image, corners = place(rng, glyphs, image, box, pool)
    return stretch(photograph(rng, image)), text, corners
