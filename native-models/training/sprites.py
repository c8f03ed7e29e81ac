"""Draws a vehicle with its plate once, as an RGBA sprite that can be scaled, blurred, and pasted into the frames of a clip."""

from dataclasses import dataclass

import cv2
import numpy as np

from plates import draw_plate
from vehicles import Vehicle

# Pixels per unit of the sprite; a vehicle is one unit wide. Smaller versions halve it.
SPRITE_SCALE, LEVELS = 640, 5
# The sprite's canvas in units, and where the middle of the roof is in it: trucks are taller than cars, shadows wider than both.
WIDE, TALL, ROOF = 1.3, 1.75, (0.65, 0.62)
# Shares of a vehicle's width that a plate takes: by aspect ratio, as in scenes.py.
SHARES = {0: 0.15, 1: 0.185, 2: 0.235, 3: 0.3}
ASPECT_EDGES = (1.6, 2.4, 3.6)
# A pixel belongs to the vehicle, and not to its shadow, above this opacity.
SOLID = 0.9


@dataclass(frozen=True)
class Sprite:
    """Premultiplied float RGBA pictures, each half as large as the one before, with the plate and the vehicle in units.

    Units are relative to the point of the road below the middle of the vehicle.
    """

    levels: tuple
    plate: np.ndarray
    outline: tuple
    height: float
    text: str

    def matrix(self, level, scale, at):
        """Return the 2x3 matrix from pixels of a level to pixels of the frame. `scale` is pixels per unit, `at` the pixel on the road."""
        factor = scale / (SPRITE_SCALE / 2**level)
        x, y = ROOF[0] * scale, (ROOF[1] + self.height) * scale
        return np.array([[factor, 0, at[0] - x], [0, factor, at[1] - y]], np.float64)

    def level(self, scale):
        """Return the smallest level that is not enlarged."""
        return int(np.clip(np.floor(np.log2(SPRITE_SCALE / scale)), 0, len(self.levels) - 1))


def draw_sprite(seed, fonts, pool):
    """Draw a random vehicle with a plate of one line."""
    rng = np.random.default_rng(seed)
    plate = draw_plate(rng, fonts)
    while "|" in plate.text:
        plate = draw_plate(rng, fonts)
    share = SHARES[int(np.searchsorted(ASPECT_EDGES, plate.aspect))] * rng.uniform(0.9, 1.15)
    state = rng.bit_generator.state
    # Drawn on black and on white: how much of the ground shines through is the opacity.
    dark, corners, height = _draw(rng, state, fonts, pool, plate, share, 0.0)
    light, _, _ = _draw(rng, state, fonts, pool, plate, share, 255.0)
    alpha = np.clip(1 - (light - dark).mean(-1) / 255, 0, 1)
    picture = np.dstack((np.clip(dark, 0, 255), alpha)).astype(np.float32)
    rows, columns = np.nonzero(alpha > SOLID)
    origin = np.array((ROOF[0], ROOF[1] + height)) * SPRITE_SCALE
    low, high = (np.array((columns.min(), rows.min())) - origin) / SPRITE_SCALE, (np.array((columns.max() + 1, rows.max() + 1)) - origin) / SPRITE_SCALE
    levels = [picture]
    for _ in range(LEVELS - 1):
        tall, wide = levels[-1].shape[:2]
        levels.append(cv2.resize(levels[-1], (wide // 2, tall // 2), interpolation=cv2.INTER_AREA))
    return Sprite(tuple(levels), (corners - origin) / SPRITE_SCALE, (low, high), height, plate.text)


def _draw(rng, state, fonts, pool, plate, share, ground):
    """Draw the vehicle from the same random state. Return the canvas, the corners of the plate in it, and the height of the vehicle."""
    rng.bit_generator.state = state
    canvas = np.full((int(TALL * SPRITE_SCALE), int(WIDE * SPRITE_SCALE), 3), ground, np.float32)
    pose = np.array([[SPRITE_SCALE, 0, ROOF[0] * SPRITE_SCALE], [0, SPRITE_SCALE, 0], [0, 0, 1]], np.float64)
    vehicle = Vehicle(rng, fonts, pool, canvas, pose, share / plate.aspect)
    # The constructor puts the plate at the pose's origin; the roof belongs there.
    vehicle.paint.matrix[1, 2] = ROOF[1] * SPRITE_SCALE
    vehicle.draw()
    return canvas, vehicle.mount(plate), vehicle.height
