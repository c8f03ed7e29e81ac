"""Synthetic training crops for plate-reader: grayscale plates as a detector would crop them from photographs."""

import cv2
import numpy as np

from reader import HEIGHT, MARGIN_X, MARGIN_Y, WIDTH
from reader_lines import put, small_print
from reader_plates import draw_clean
from registrations import REPEATED_SHARE, fill

# Widths of the plates in a photograph, in pixels; the smaller, the more frequent.
WIDTHS = (50, 330)

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


def place(rng, glyphs, image, boxes, pool):
    """Project the plate at a camera angle, inside a box that fits about as well as a detector's box, with its margin.

    Return the crop (float grayscale) and the corners of its lines of text in -1 to 1 (lines, 4, 2), clockwise from the top left.
    """
    height, width = image.shape
    frame = int(height * rng.uniform(0.05, 0.2)) if rng.random() < 0.45 else 0
    if frame:
        image = cv2.copyMakeBorder(image, frame // 2, frame, frame // 2, frame // 2, cv2.BORDER_CONSTANT, value=float(rng.choice([15, 35, 60, 200])))
        if rng.random() < 0.6:
            share = rng.uniform(0.4, 0.9)
            mask = small_print(rng, glyphs, fill(rng, "AAAAAA AAAAA"), frame * 0.6, width * share)
            put(image, mask, width * rng.uniform(0.02, 1 - share), height + frame * 0.7, float(rng.uniform(120, 255)))
    target_width = np.exp(rng.uniform(*np.log(WIDTHS)))
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
    lines = boxes[:, ((0, 1), (2, 1), (2, 3), (0, 3))].astype(np.float32) + edge
    corners = cv2.perspectiveTransform(lines.reshape(1, -1, 2), warp).reshape(-1, 4, 2) / shape
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


def make_crop(rng, glyphs, pool, family=None, repeated=REPEATED_SHARE):
    """Return one training sample: a uint8 image (HEIGHT, WIDTH), its text, its lines' corners in -1 to 1 (1 or 2, 4, 2), and the
    `centers_of` its letters.
    """
    plate = draw_clean(rng, glyphs, family, repeated)
    wear(rng, plate.image)
    image, corners = place(rng, glyphs, plate.image, plate.boxes, pool)
    return stretch(photograph(rng, image)), plate.text, corners, plate.centers
