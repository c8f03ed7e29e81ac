"""Plate alphabets drawn from strokes: road-sign-like characters with random weight, width, and roundness."""

import cv2
import numpy as np

GLYPH_HEIGHT = 48
# Supersampling factor of the glyphs.
OVERSAMPLE = 3
ARC_POINTS = 6

# Variants of strokes in a unit box. A third number marks a rounded corner; a leading "o" marks a closed stroke.
RING = ["o", (0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)]
BOWL = [(0, 1), (0, 0), (1, 0, 1), (1, 0.52, 1), (0, 0.52)]
SIX = ([(1, 0.2), (1, 0, 1), (0, 0, 1), (0, 1, 1), (1, 1, 1), (1, 0.44, 1), (0.05, 0.44)],
       [(0.7, 0), (0, 0.6, 1), (0, 1, 1), (1, 1, 1), (1, 0.42, 1), (0.15, 0.42)])
STROKES = {
    "0": [[RING]],
    "1": [[[(0.1, 0.25), (0.8, 0), (0.8, 1)]], [[(0.5, 0), (0.5, 1)]], [[(0.4, 0.12), (0.7, 0), (0.7, 1)]]],
    "2": [[[(0, 0.25), (0, 0, 1), (1, 0, 1), (1, 0.48, 1), (0, 1), (1, 1)]]],
    "3": [[[(0, 0.2), (0, 0, 1), (1, 0, 1), (1, 0.47, 1), (0.35, 0.47)], [(0.35, 0.47), (1, 0.47, 1), (1, 1, 1), (0, 1, 1), (0, 0.8)]],
          [[(0, 0), (1, 0), (0.45, 0.4), (1, 0.4, 1), (1, 1, 1), (0, 1, 1), (0, 0.8)]]],
    "4": [[[(0.65, 0), (0, 0.72), (1, 0.72)], [(0.72, 0.42), (0.72, 1)]], [[(0.3, 0), (0, 0.7), (1, 0.7)], [(0.72, 0.4), (0.72, 1)]],
          [[(0.75, 1), (0.75, 0), (0, 0.7), (1, 0.7)]]],
    "5": [[[(0.95, 0), (0.08, 0), (0.03, 0.44), (1, 0.42, 1), (1, 1, 1), (0, 1, 1), (0, 0.8)]]],
    "6": [[SIX[0]], [SIX[1]]],
    "7": [[[(0, 0), (1, 0), (0.3, 1)]], [[(0, 0), (1, 0), (0.4, 0.6, 1), (0.35, 1)]]],
    "8": [[["o", (0.05, 0, 1), (0.95, 0, 1), (0.95, 0.47, 1), (0.05, 0.47, 1)], ["o", (0, 0.47, 1), (1, 0.47, 1), (1, 1, 1), (0, 1, 1)]]],
    "9": [[[(1 - x, 1 - y, *r) for x, y, *r in stroke]] for stroke in SIX],
    "A": [[[(0, 1), (0.45, 0), (0.55, 0), (1, 1)], [(0.18, 0.7), (0.82, 0.7)]]],
    "B": [[[(0, 0.47), (0.92, 0.47, 1), (0.92, 0, 1), (0, 0)], [(0, 0.47), (1, 0.47, 1), (1, 1, 1), (0, 1), (0, 0)]]],
    "C": [[[(1, 0.27), (1, 0, 1), (0, 0, 1), (0, 1, 1), (1, 1, 1), (1, 0.73)]]],
    "D": [[["o", (0, 0), (1, 0, 1), (1, 1, 1), (0, 1)]]],
    "E": [[[(1, 0), (0, 0), (0, 1), (1, 1)], [(0, 0.48), (0.85, 0.48)]]],
    "F": [[[(1, 0), (0, 0), (0, 1)], [(0, 0.48), (0.85, 0.48)]]],
    "G": [[[(1, 0.25), (1, 0, 1), (0, 0, 1), (0, 1, 1), (1, 1, 1), (1, 0.55), (0.55, 0.55)]]],
    "H": [[[(0, 0), (0, 1)], [(1, 0), (1, 1)], [(0, 0.48), (1, 0.48)]]],
    "I": [[[(0.5, 0), (0.5, 1)]], [[(0.5, 0), (0.5, 1)]], [[(0.5, 0), (0.5, 1)], [(0, 0), (1, 0)], [(0, 1), (1, 1)]]],
    "J": [[[(1, 0), (1, 1, 1), (0, 1, 1), (0, 0.72)]], [[(0.35, 0), (1, 0), (1, 1, 1), (0, 1, 1), (0, 0.75)]]],
    "K": [[[(0, 0), (0, 1)], [(1, 0), (0, 0.6)], [(0.3, 0.42), (1, 1)]]],
    "L": [[[(0, 0), (0, 1), (1, 1)]]],
    "M": [[[(0, 1), (0, 0), (0.5, 0.7), (1, 0), (1, 1)]], [[(0, 1), (0, 0), (0.5, 1), (1, 0), (1, 1)]]],
    "N": [[[(0, 1), (0, 0), (1, 1), (1, 0)]]],
    "O": [[RING]],
    "P": [[BOWL]],
    "Q": [[RING, [(0.6, 0.7), (1, 1.03)]], [RING, [(0.5, 0.8), (0.75, 1.1)]]],
    "R": [[BOWL, [(0.45, 0.52), (1, 1)]]],
    "S": [[[(1, 0.22), (1, 0, 1), (0, 0, 1), (0, 0.47, 1), (1, 0.47, 1), (1, 1, 1), (0, 1, 1), (0, 0.78)]]],
    "T": [[[(0, 0), (1, 0)], [(0.5, 0), (0.5, 1)]]],
    "U": [[[(0, 0), (0, 1, 1), (1, 1, 1), (1, 0)]]],
    "V": [[[(0, 0), (0.5, 1), (1, 0)]]],
    "W": [[[(0, 0), (0.25, 1), (0.5, 0.25), (0.75, 1), (1, 0)]], [[(0, 0), (0.25, 1), (0.5, 0), (0.75, 1), (1, 0)]]],
    "X": [[[(0, 0), (1, 1)], [(1, 0), (0, 1)]]],
    "Y": [[[(0, 0), (0.5, 0.5), (1, 0)], [(0.5, 0.5), (0.5, 1)]]],
    "Z": [[[(0, 0), (1, 0), (0, 1), (1, 1)]]],
}
MARKED_LETTERS = {"Ä": "A", "Ö": "O", "Ü": "U", "Ñ": "N"}
WIDTHS = {"1": 0.5, "I": 0.5, "M": 1.25, "W": 1.35, "L": 0.9, "E": 0.9, "F": 0.9, "A": 1.1, "V": 1.1, "O": 1.08, "Q": 1.08, "Y": 1.05}


def rounded(points, closed, radius):
    """Replace every marked corner of a stroke with an arc that starts `radius` before it, or halfway to its neighbor."""
    result = []
    for index, (x, y, *mark) in enumerate(points):
        corner = np.array((x, y), float)
        if not mark or not closed and index in (0, len(points) - 1):
            result.append(corner)
            continue
        ends = []
        for neighbor in (points[index - 1], points[(index + 1) % len(points)]):
            away = np.array(neighbor[:2], float) - corner
            length = np.hypot(*away)
            ends.append(corner + away / length * min(radius, length / 2))
        for t in np.linspace(0, 1, ARC_POINTS):
            result.append((1 - t) ** 2 * ends[0] + 2 * t * (1 - t) * (corner * 0.8 + (ends[0] + ends[1]) * 0.1) + t**2 * ends[1])
    return np.array(result)


def stroke_font(rng):
    """Return masks, GLYPH_HEIGHT high, of every character in one random alphabet."""
    height = GLYPH_HEIGHT * OVERSAMPLE
    weight = height * rng.uniform(0.1, 0.19)
    base, radius = height * rng.uniform(0.42, 0.72), rng.uniform(0.2, 0.55)
    digits = rng.uniform(0.85, 1.0)
    blunt = rng.random() < 0.8
    masks = {}
    for character, variants in STROKES.items():
        strokes = variants[rng.integers(len(variants))]
        width = base * WIDTHS.get(character, 1.0) * (digits if character.isdigit() else 1) * rng.uniform(0.93, 1.07)
        if character in "1I" and len(strokes) == 1 and len(strokes[0]) == 2:
            width = weight * rng.uniform(1, 1.3)
        inner = np.array((max(width - weight, 0), height - weight))
        pad = int(weight)
        image = np.zeros((height + 2 * pad, int(width) + 2 * pad), np.uint8)
        for stroke in strokes:
            closed = stroke[0] == "o"
            scaled = [(x * inner[0], y * inner[1], *r) for x, y, *r in stroke[closed:]]
            path = rounded(scaled, closed, radius * base)
            if blunt and not closed:
                for end, before in ((0, 1), (-1, -2)):
                    along = path[end] - path[before]
                    if stroke[end][1] in (0, 1):
                        path[end] = path[end] + along / np.hypot(*along) * weight * 0.6
            points = np.round(path + weight / 2 + pad).astype(np.int32)
            cv2.polylines(image, [points], closed, 255, max(int(weight), 1), cv2.LINE_AA)
        image = image[pad : pad + height, pad : pad + max(int(width), 1)]
        size = (max(image.shape[1] // OVERSAMPLE, 3), GLYPH_HEIGHT)
        masks[character] = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    masks.update({marked: _with_mark(rng, masks[letter], marked) for marked, letter in MARKED_LETTERS.items()})
    return masks


def _with_mark(rng, letter, marked):
    """Return a letter with its mark, as high as the others: a lower letter below two dots or a tilde."""
    tall, wide = letter.shape
    body = int(tall * rng.uniform(0.72, 0.82))
    room = tall - body
    image = np.zeros_like(letter)
    image[room:] = cv2.resize(letter, (wide, body), interpolation=cv2.INTER_AREA)
    radius = max(int(room * rng.uniform(0.25, 0.38)), 2)
    if marked == "Ñ":
        xs = np.linspace(0.2, 0.8, 9)
        ys = room * 0.4 - np.sin((xs - 0.2) / 0.6 * 2 * np.pi) * room * 0.2
        cv2.polylines(image, [np.stack((xs * wide, ys), 1).astype(np.int32)], False, 255, radius, cv2.LINE_AA)
    else:
        for x in (0.3, 0.7):
            cv2.circle(image, (int(wide * x), radius), radius, 255, -1, cv2.LINE_AA)
    return image
