"""Draws complete training scenes: a backdrop with vehicles, plates, and clutter, and the boxes of the plates."""

from dataclasses import dataclass, field

import numpy as np

from painter import Painter, box
from scenery import PIXEL_MATRIX, WORDS, backdrop, clutter, noise_field, random_color
from stock import stock_plate
from vehicles import Vehicle, random_pose

# Maximum number of boxes per scene. Each box is x0, y0, x1, y1 in pixels.
MAX_PLATES = 8
# A plate is labeled if at least this share of its box is inside the image.
MIN_VISIBLE = 0.55
# Number of plates kept for pasting, and how many of them are redrawn per scene.
PLATE_STOCK, REDRAWN = 300, 3
# Plate widths in pixels of the kinds of shot, how many vehicles there are, and how often each kind occurs.
SHOTS = (("close-up", (200, 400), (1, 2), 0.24), ("near", (70, 260), (1, 2), 0.24), ("middle", (28, 90), (1, 4), 0.26),
         ("far", (9, 32), (2, 6), 0.26))
# Shares of plates with something in front of them, and with large lettering beside them.
BARRED_SHARE, LETTERED_SHARE = 0.05, 0.1
# Share of scenes without a plate, and of plates without a vehicle.
EMPTY_SHARE, LOOSE_SHARE = 0.3, 0.22


@dataclass
class SceneMaker:
    """Draws scenes from one random stream, a font book, and a pool of background images."""

    rng: np.random.Generator
    fonts: object
    glyphs: object
    pool: list
    size: int = 416
    shots: tuple = SHOTS
    empty_share: float = EMPTY_SHARE
    stock: list = field(default_factory=list)

    def _plate(self):
        while len(self.stock) < PLATE_STOCK:
            self.stock.append(stock_plate(self.rng, self.fonts, self.glyphs))
        return self.stock[self.rng.integers(PLATE_STOCK)]

    def draw(self):
        """Return a uint8 RGB scene and its (N, 4) plate boxes."""
        rng = self.rng
        for _ in range(REDRAWN if self.stock else 0):
            self.stock[rng.integers(PLATE_STOCK)] = stock_plate(rng, self.fonts, self.glyphs)
        canvas = backdrop(rng, self.pool, self.size, self.size)
        boxes = []
        empty = rng.random() < self.empty_share
        clutter(rng, self.fonts, canvas, rng.integers(0, 9 if empty else 5))
        if not empty or rng.random() < 0.35:
            shot = self.shots[rng.choice(len(self.shots), p=[shot[3] for shot in self.shots])]
            for _ in range(rng.integers(*shot[2])):
                self._place(canvas, boxes, shot[1], bare=empty)
        if empty:
            clutter(rng, self.fonts, canvas, rng.integers(0, 5))
        if rng.random() < 0.45:
            self._light(canvas)
        rows = np.array(boxes, np.float32).reshape(-1, 4)[:MAX_PLATES]
        return np.clip(canvas, 0, 255).astype(np.uint8), rows

    def _place(self, canvas, boxes, widths, bare):
        """Draw one vehicle or a loose plate, unless it would cover an existing plate."""
        rng, plate = self.rng, self._plate()
        width = np.exp(rng.uniform(*np.log(widths)))
        share = {0: 0.15, 1: 0.185, 2: 0.235, 3: 0.3}[int(np.searchsorted((1.6, 2.4, 3.6), plate.aspect))] * rng.uniform(0.85, 1.15)
        scale = width / share
        reach = min(width * 0.45, self.size * 0.4)
        center = rng.uniform(reach, self.size - reach, 2)
        if any(abs(center[0] - (b[0] + b[2]) / 2) < scale * 0.65 and abs(center[1] - (b[1] + b[3]) / 2) < scale for b in boxes):
            return
        pose = random_pose(rng, scale, center)
        if rng.random() < LOOSE_SHARE and not bare:
            height = share / plate.aspect
            unit = height / (plate.corners[2, 1] - plate.corners[0, 1])
            painter = Painter(canvas, pose)
            tall, wide = plate.pixels.shape[:2]
            outline = np.array([(0, 0), (wide, 0), (wide, tall), (0, tall)]) - (wide / 2, tall / 2)
            painter.patch(plate.pixels, outline * unit)
            corners = painter.project((plate.corners - (wide / 2, tall / 2)) * unit)
        else:
            vehicle = Vehicle(rng, self.fonts, self.pool, canvas, pose, share / plate.aspect)
            vehicle.draw()
            if bare:
                return
            corners = vehicle.mount(plate)
        low, high = corners.min(0), corners.max(0)
        if rng.random() < BARRED_SHARE:
            self._bar(canvas, low, high)
        if rng.random() < LETTERED_SHARE:
            self._letter(canvas, low, high)
        self._label(boxes, corners)

    def _bar(self, canvas, low, high):
        """Draw thin bars in front of a plate: a fence, a tow bar, a cable."""
        rng, paint = self.rng, Painter(canvas, PIXEL_MATRIX)
        width, height = high - low
        color = random_color(rng, 30)
        for x in np.linspace(low[0], high[0], int(rng.integers(1, 6)) + 1)[1:] - rng.uniform(0, width):
            thick, lean = width * rng.uniform(0.008, 0.04), width * rng.normal(0, 0.05)
            x = low[0] + (x - low[0]) % width
            top, foot = low[1] - height, high[1] + height
            paint.fill([(x, top), (x + thick, top), (x + thick + lean, foot), (x + lean, foot)], color)

    def _letter(self, canvas, low, high):
        """Draw words as large as the plate's above or below it: the name of a model, a dealer, a company."""
        rng, paint = self.rng, Painter(canvas, PIXEL_MATRIX)
        width, height = high - low
        size = height * rng.uniform(0.4, 1.3)
        y = low[1] - size * rng.uniform(0.8, 1.6) if rng.random() < 0.6 else high[1] + size * rng.uniform(0.8, 1.6)
        words = WORDS[rng.integers(len(WORDS))]
        words = words.upper() if rng.random() < 0.6 else words
        if rng.random() < 0.3:
            reach = size * len(words)
            paint.fill(box(low[0] - size, y - size * 0.7, low[0] + reach, y + size * 0.7), random_color(rng, 40))
        paint.text(self.fonts, rng, words, low[0] + width * rng.uniform(-0.3, 0.4), y, size, random_color(rng, 120))

    def _label(self, boxes, corners):
        low, high = corners.min(0), corners.max(0)
        inside_low, inside_high = np.clip(low, 0, self.size), np.clip(high, 0, self.size)
        if np.prod(inside_high - inside_low) >= MIN_VISIBLE * np.prod(high - low):
            boxes.append((*inside_low, *inside_high))

    def _light(self, canvas):
        """Add dappled shade, and a cast shadow or a flare, to the whole scene."""
        rng = self.rng
        shade = noise_field(rng, self.size, self.size, int(rng.integers(2, 24)))
        canvas *= (1 - rng.uniform(0, 0.5) * shade)[..., None]
        angle, offset = rng.uniform(0, 2 * np.pi), rng.uniform(-0.3, 0.3)
        axis = np.linspace(-0.5, 0.5, self.size, dtype=np.float32)
        field_ = axis[None] * np.cos(angle) + axis[:, None] * np.sin(angle) - offset
        edge = (1 / (1 + np.exp(-field_ * rng.uniform(8, 120)))).astype(np.float32)[..., None]
        if rng.random() < 0.7:
            canvas *= 1 - edge * np.float32(rng.uniform(0.2, 0.7))
        else:
            canvas += edge * np.float32(rng.uniform(10, 90))
