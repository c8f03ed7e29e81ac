"""Draws the surroundings of vehicles: backdrops, streets, and objects that look like plates but are not."""

import cv2
import numpy as np

from painter import Painter, box, smooth, superellipse

WORDS = ("open", "Sale", "Bakery", "Hotel", "exit", "Market", "cafe", "Service", "Pharmacy", "STOP", "Parking",
         "Garage", "Bank", "Pizza", "Taxi", "Books", "TOTAL", "Auto", "wash", "Kiosk", "school", "No entry", "P",
         "Coffee", "Fresh fruit", "Radio", "System", "Power", "Hospital", "Welcome", "Police", "EXPRESS")
PIXEL_MATRIX = np.eye(3)


def noise_field(rng, height, width, cells):
    """Return smooth random values in 0..1."""
    coarse = rng.random((max(int(cells * height / width), 2), max(cells, 2)), dtype=np.float32)
    return np.clip(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), 0, 1)


def random_color(rng, spread=70):
    """Return a random color whose channels differ by at most `spread` from a gray."""
    return np.clip(rng.uniform(0, 255) + rng.uniform(-spread, spread, 3), 0, 255)


def backdrop(rng, pool, height, width):
    """Return a float RGB canvas: a part of a background image, a drawn street, or noise."""
    choice = rng.random()
    if pool and choice < 0.5:
        return _picture(rng, pool, height, width)
    if choice < 0.9:
        return street(rng, pool, height, width)
    low, high = random_color(rng), random_color(rng)
    field = noise_field(rng, height, width, int(rng.integers(3, 40)))[..., None]
    return low.astype(np.float32) + (high - low).astype(np.float32) * field


def _picture(rng, pool, height, width):
    source = pool[rng.integers(len(pool))]
    fit = min(source.shape[0] / height, source.shape[1] / width)
    scale = fit * rng.uniform(0.35, 1.0)
    tall, wide = int(height * scale), int(width * scale)
    y, x = rng.integers(0, source.shape[0] - tall + 1), rng.integers(0, source.shape[1] - wide + 1)
    part = cv2.resize(source[y : y + tall, x : x + wide], (width, height), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.5:
        part = part[:, ::-1]
    return np.ascontiguousarray(part, dtype=np.float32)


def street(rng, pool, height, width):
    """Draw sky, buildings, trees, and a road from rectangles and noise."""
    canvas = np.zeros((height, width, 3), np.float32)
    paint = Painter(canvas, PIXEL_MATRIX)
    horizon = height * rng.uniform(0.1, 0.55)
    paint.fill(box(0, 0, width, height), (160 + rng.uniform(-90, 80),) * 3)
    paint.fill(box(0, 0, width, horizon), np.array((110, 150, 200)) * rng.uniform(0.5, 1.2), np.array((200, 210, 220)) * rng.uniform(0.5, 1.1))
    if pool and rng.random() < 0.3:
        canvas[: int(horizon)] = _picture(rng, pool, max(int(horizon), 8), width)[: int(horizon)]
    for _ in range(rng.integers(0, 6)):
        _building(rng, paint, horizon, width)
    for _ in range(rng.integers(0, 5)):
        shade = np.array((rng.uniform(20, 90), rng.uniform(50, 120), rng.uniform(15, 60)))
        paint.fill(superellipse(rng.uniform(0, width), horizon - rng.uniform(0, 40), rng.uniform(30, 160), rng.uniform(30, 140), 2), shade * 1.2, shade * 0.5)
    ground = random_color(rng, 14) * 0.75 + 20
    paint.fill(box(0, horizon, width, height), ground, ground * rng.uniform(0.6, 1.3))
    if rng.random() < 0.4:
        shade = np.array((60, 90, 40)) * rng.uniform(0.6, 1.3)
        edge = rng.uniform(0, width)
        paint.fill([(edge, horizon), (0 if rng.random() < 0.5 else width, horizon), (width if edge > width / 2 else 0, height)], shade)
    for _ in range(rng.integers(0, 5)):
        x, slope = rng.uniform(-0.2, 1.2) * width, rng.uniform(-1, 1) * width
        thick = rng.uniform(2, 14)
        color = (225, 225, 220) if rng.random() < 0.5 else (215, 165, 40)
        paint.fill([(x, horizon), (x + thick * 0.3, horizon), (x + slope + thick, height), (x + slope, height)], color, opacity=rng.uniform(0.4, 1))
    texture = rng.normal(0, rng.uniform(2, 14), (height // 2, width // 2)).astype(np.float32)
    canvas[int(horizon) :] += cv2.resize(texture, (width, height))[int(horizon) :, :, None]
    canvas *= (0.75 + 0.5 * noise_field(rng, height, width, int(rng.integers(2, 8))))[..., None]
    return canvas


def _building(rng, paint, horizon, width):
    x0 = rng.uniform(-0.2, 0.9) * width
    x1, y0 = x0 + rng.uniform(0.1, 0.6) * width, rng.uniform(-0.2, 0.6) * horizon
    wall = random_color(rng, 40)
    paint.fill(box(x0, y0, x1, horizon), wall, wall * 0.8)
    step_x, step_y = rng.uniform(8, 46), rng.uniform(8, 46)
    glass = random_color(rng, 20) * rng.uniform(0.2, 0.9)
    fill_x, fill_y = rng.uniform(0.35, 0.85, 2)
    for y in np.arange(y0 + step_y * 0.3, horizon - step_y, step_y):
        for x in np.arange(x0 + step_x * 0.2, x1 - step_x, step_x):
            paint.fill(box(x, y, x + step_x * fill_x, y + step_y * fill_y), glass * rng.uniform(0.7, 1.2))


def clutter(rng, fonts, canvas, count):
    """Scatter unlabeled objects: signs, lettering, grids, checkers, stickers, lamps, poles, screens."""
    kinds = (_sign, _lettering, _lettering, _grid, _chequer, _disc, _bars, _slab, _paragraph, _lights, _speckle)
    height, width = canvas.shape[:2]
    for _ in range(count):
        size = np.exp(rng.uniform(np.log(12), np.log(width * 0.6)))
        angle = rng.normal(0, 0.08) if rng.random() < 0.8 else rng.uniform(-1.5, 1.5)
        cos, sin = np.cos(angle) * size, np.sin(angle) * size
        matrix = np.array([[cos, -sin + rng.normal(0, 0.1) * size, rng.uniform(0, width)], [sin, cos, rng.uniform(0, height)],
                           [rng.normal(0, 0.08), rng.normal(0, 0.08), 1]])
        kinds[rng.integers(len(kinds))](rng, Painter(canvas, matrix), fonts)


def _sign(rng, paint, fonts):
    """Draw a sign with words in several colors and heights, never a registration."""
    tall = rng.uniform(0.2, 1.2)
    ground = random_color(rng, 120)
    paint.fill(smooth(box(-0.5, -tall / 2, 0.5, tall / 2), rng.integers(0, 3)), ground, ground * rng.uniform(0.7, 1.1))
    ink = (245, 245, 245) if ground.mean() < 120 else random_color(rng, 40) * 0.3
    if rng.random() < 0.5:
        paint.stroke(box(-0.48, -tall / 2 + 0.02, 0.48, tall / 2 - 0.02), ink, 0.012)
    lines = int(rng.integers(1, 4)) if tall > 0.35 else 1
    for index in range(lines):
        y = (index + 0.5) / lines * tall * 0.8 - tall * 0.4
        paint.text(fonts, rng, WORDS[rng.integers(len(WORDS))], rng.uniform(-0.45, -0.25), y, min(tall / lines * rng.uniform(0.4, 0.7), 0.16), ink)


def _lettering(rng, paint, fonts):
    """Draw a line of words, alone, on a strip, or in a frame: storefronts, vans, clothes, displays."""
    words = " ".join(WORDS[i] for i in rng.integers(0, len(WORDS), rng.integers(1, 6)))
    if rng.random() < 0.15:
        words = str(rng.integers(1, 200))
    elif rng.random() < 0.5:
        words = words.upper()
    tall = rng.uniform(0.05, 0.22)
    long = max(len(words) * tall * 0.6, tall)
    ink = random_color(rng, 120)
    if rng.random() < 0.4:
        ground = random_color(rng, 60)
        ink = (240, 240, 240) if ground.mean() < 120 else (20, 20, 24)
        paint.fill(box(-0.55, -tall, long - 0.3, tall), ground)
    if rng.random() < 0.2:
        paint.stroke(box(-0.55, -tall * 0.8, long - 0.35, tall * 0.8), ink, tall * 0.08)
    paint.text(fonts, rng, words, -0.5, 0, tall, ink)


def _grid(rng, paint, fonts):
    """Draw windows, radiators, vents, racks, and shelves."""
    rows, columns = rng.integers(1, 9), rng.integers(1, 9)
    tall = rng.uniform(0.15, 1.2)
    frame, cell = random_color(rng, 30), random_color(rng, 30)
    paint.fill(box(-0.5, -tall / 2, 0.5, tall / 2), frame)
    gap = rng.uniform(0.05, 0.5)
    for y in range(rows):
        for x in range(columns):
            left, top = -0.5 + (x + gap / 2) / columns, -tall / 2 + (y + gap / 2) / rows * tall
            paint.fill(box(left, top, left + (1 - gap) / columns, top + (1 - gap) / rows * tall), cell, cell * rng.uniform(0.5, 1.2))


def _chequer(rng, paint, fonts):
    rows, columns = rng.integers(2, 6), rng.integers(3, 10)
    colors = random_color(rng, 60), random_color(rng, 60)
    for y in range(rows):
        for x in range(columns):
            paint.fill(box(-0.5 + x / columns, (y - 0.5) / columns, -0.5 + (x + 1) / columns, (y + 0.5) / columns), colors[(x + y) % 2])


def _disc(rng, paint, fonts):
    paint.fill(superellipse(0, 0, 0.5, 0.5, rng.choice([2, 2, 4])), random_color(rng, 120))
    paint.fill(superellipse(0, 0, 0.38, 0.38, 2), random_color(rng, 120))
    if rng.random() < 0.5:
        paint.text(fonts, rng, str(rng.integers(2, 13) * 10), -0.12, 0, 0.2, (15, 15, 15))


def _bars(rng, paint, fonts):
    """Draw fences, railings, louvers, and bar codes."""
    count, tall = rng.integers(3, 24), rng.uniform(0.1, 0.9)
    color = random_color(rng, 30)
    for x in np.linspace(-0.5, 0.5, count):
        thick = rng.uniform(0.1, 0.6) / count
        paint.fill(box(x, -tall / 2, x + thick, tall / 2), color)


def _slab(rng, paint, fonts):
    """Draw a plain rectangle: paper, a screen, a panel, or an empty plate holder."""
    tall = rng.uniform(0.15, 0.9)
    color = random_color(rng, 60)
    paint.fill(smooth(box(-0.5, -tall / 2, 0.5, tall / 2), rng.integers(0, 3)), color, color * rng.uniform(0.6, 1.2))
    if rng.random() < 0.5:
        paint.stroke(box(-0.5, -tall / 2, 0.5, tall / 2), random_color(rng, 30), 0.02)


def _paragraph(rng, paint, fonts):
    """Draw several lines of small print."""
    lines = rng.integers(3, 9)
    paint.fill(box(-0.55, -0.08, 0.55, lines * 0.09), random_color(rng, 30) * 0.3 + 175)
    for index in range(lines):
        words = " ".join(WORDS[i] for i in rng.integers(0, len(WORDS), rng.integers(2, 5)))
        paint.text(fonts, rng, words, -0.5, index * 0.085, 0.055, (30, 30, 34))


def _lights(rng, paint, fonts):
    """Draw a cluster of lamps, candles, or lit windows with their glow."""
    color = np.array((255, 235, rng.uniform(120, 255)))
    for _ in range(rng.integers(1, 9)):
        x, y, size = rng.uniform(-0.5, 0.5), rng.uniform(-0.2, 0.2), rng.uniform(0.02, 0.15)
        paint.fill(superellipse(x, y, size * 2, size * 1.6, 2), color * 0.8, opacity=0.4, blur=4.0)
        paint.fill(superellipse(x, y, size, size * rng.uniform(0.4, 1.5), rng.choice([2, 6])), color)


def _speckle(rng, paint, fonts):
    """Draw a high-contrast patch without straight edges: foliage, knitwear, rubble, cables."""
    cells = rng.integers(4, 40, 2)
    field = np.repeat(rng.normal(0, rng.uniform(20, 90), (*cells, 1)), 3, axis=2).astype(np.float32)
    outline = superellipse(0, 0, 1, rng.uniform(0.2, 1.0), rng.uniform(1.5, 5))
    paint.fill(outline, random_color(rng, 40), sheen=field)
