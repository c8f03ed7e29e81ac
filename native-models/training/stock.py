"""Plates for scenes: those of `plates.py`, and those of the recognizer's generator, in color."""

import numpy as np

from plates import draw_plate, framed
from reader_plates import draw_clean

# Share of the plates that come from the recognizer's generator, and the families that add something to `plates.py`.
READER_SHARE, READER_FAMILIES = 0.3, ("north-america", "north-america", "two-lines")


def stock_plate(rng, fonts, glyphs):
    """Draw one random plate with its margin, about 100 pixels high."""
    if rng.random() >= READER_SHARE:
        return draw_plate(rng, fonts)
    clean = draw_clean(rng, glyphs, READER_FAMILIES[rng.integers(len(READER_FAMILIES))])
    height, width = clean.image.shape
    # Pale paint is common, strong paint is rare.
    tint = 1 + rng.normal(0, 0.06 if rng.random() < 0.7 else 0.25, 3)
    slope = np.linspace(-1, 1, height, dtype=np.float32)[:, None, None] * rng.normal(0, 0.08, 3).astype(np.float32)
    image = clean.image[..., None] * (tint.astype(np.float32) + slope)
    return framed(rng, fonts, np.clip(image, 0, 255), width / height, clean.text)
