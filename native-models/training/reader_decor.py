"""What decorates plates and is not to be read: painted grounds, stickers, emblems, stacked letters, frames, printed names."""

import cv2
import numpy as np

from reader_lines import put, small_print
from registrations import LETTERS, VOWELS, fill

STATES = ("Northland", "West Harbor", "Californe", "Tejano", "NEW COAST", "OREDON", "Great Basin", "Louisette", "MONTANE", "Virginie",
          "Bluegrass", "Arizone", "ALASTA", "FLORETA", "Yukone", "Ontara", "Lakeland", "INDIANE", "Dakote", "Rio Norte")
SLOGANS = ("The Lone Pine State", "Land of Rivers", "GARDEN STATE PARK", "First in Snow", "www.dmv-north.gov", "Canyon Country", "Sunny Side",
           "THE LAST HARBOR", "Show Them State", "Great Lakes", "Peach County", "In Trees We Trust", "STATE OF THE SEA", "10,000 Ponds")


def landscape(rng, image):
    """Paint the ground of a North American plate: gradients, hills, a sun, stripes, plants; fainter than the ink."""
    height, width = image.shape
    strength = rng.uniform(10, 60) * (1 if rng.random() < 0.5 else -1)
    for _ in range(rng.integers(1, 5)):
        tone = float(np.clip(image.mean() - strength * rng.uniform(0.3, 1.2), 0, 255))
        kind = rng.integers(6)
        if kind == 0:
            ends = rng.uniform(-1, 1, 2) * abs(strength)
            image += np.linspace(ends[0], ends[1], height, dtype=np.float32)[:, None]
        elif kind == 1:
            xs = np.linspace(0, width, int(rng.integers(4, 14)))
            ys = height * (rng.uniform(0.45, 0.95) + rng.normal(0, 0.09, len(xs)))
            outline = np.vstack((np.stack((xs, ys), 1), ((width, height), (0, height)))).astype(np.int32)
            cv2.fillPoly(image, [outline], tone, cv2.LINE_AA)
        elif kind == 2:
            center = int(width * rng.uniform(0.1, 0.9)), int(height * rng.uniform(0.2, 0.9))
            cv2.circle(image, center, int(height * rng.uniform(0.08, 0.45)), tone, -1 if rng.random() < 0.7 else 2, cv2.LINE_AA)
        elif kind == 3:
            edge, reach = height * rng.uniform(0, 1), height * rng.uniform(0.05, 0.25)
            image[int(max(edge - reach, 0)) : int(edge)] = tone
        elif kind == 4:
            x, foot = int(width * rng.choice((rng.uniform(0.02, 0.2), rng.uniform(0.8, 0.98)))), int(height * rng.uniform(0.7, 1))
            thick = max(int(height * rng.uniform(0.03, 0.09)), 1)
            top, arm = int(height * rng.uniform(0.2, 0.6)), int(height * rng.uniform(0.05, 0.12))
            cv2.line(image, (x, foot), (x, top), tone, thick, cv2.LINE_AA)
            for side in (-1, 1):
                elbow = (top + foot) // 2 - side * arm // 2
                cv2.polylines(image, [np.array(((x, elbow), (x + side * arm, elbow), (x + side * arm, elbow - arm)))], False, tone, thick, cv2.LINE_AA)
        else:
            blob(rng, image, width * rng.uniform(0.2, 0.8), height * rng.uniform(0.3, 0.8), height * rng.uniform(0.15, 0.4), tone)


def blob(rng, image, x, y, radius, tone):
    """Draw an irregular shape, such as the outline of a state, a bird, or an orange."""
    angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(5, 12))))
    reach = radius * rng.uniform(0.4, 1.0, len(angles))
    outline = np.stack((x + np.cos(angles) * reach, y + np.sin(angles) * reach), 1).astype(np.int32)
    cv2.fillPoly(image, [outline], float(tone), cv2.LINE_AA)


def fruit(rng, image, x, y, radius, tone):
    """Draw one or two round shapes with leaves, filled or as outlines, which may look like a digit."""
    for _ in range(rng.integers(1, 3)):
        center = int(x + rng.normal(0, radius * 0.4)), int(y + rng.normal(0, radius * 0.5))
        thick = -1 if rng.random() < 0.7 else max(int(radius * 0.25), 1)
        cv2.ellipse(image, center, (max(int(radius), 1), max(int(radius * rng.uniform(0.7, 1.1)), 1)), 0, 0, 360, float(tone), thick, cv2.LINE_AA)
    blob(rng, image, x + rng.normal(0, radius * 0.5), y - radius, radius * 0.7, tone * rng.uniform(0.6, 1))


def sticker(rng, glyphs, image, x, y, width, height, ink):
    """Draw a sticker with its top left corner at (x, y): a light or colored rectangle, often with a year or a month."""
    tone = rng.uniform(40, 250)
    x0, y0, x1, y1 = (int(v) for v in (x, y, x + width, y + height))
    cv2.rectangle(image, (x0, y0), (x1, y1), float(tone), -1)
    if rng.random() < 0.75:
        words = fill(rng, ("00", "0", "AAA", "AA", "00A")[rng.integers(5)])
        put(image, small_print(rng, glyphs, words, height * 0.55, width * rng.uniform(0.5, 0.85)), x0 + width * 0.1, y0 + height * 0.22,
            0.0 if tone > 120 else ink if ink > 150 else 230.0)


def emblem(rng, glyphs, image, x, width, y, height, ink, paper):
    """Draw what stands in the gap of a North American plate: a sticker, an outline, a star, or nothing."""
    kind = rng.random()
    tone = paper + (ink - paper) * rng.uniform(0.15, 0.9)
    size = min(width * rng.uniform(0.8, 1.5), height * 0.8)
    if kind < 0.4:
        sticker(rng, glyphs, image, x + (width - size) / 2, y + height * rng.uniform(0.1, 0.4), size, size * rng.uniform(0.8, 1.3), ink)
    elif kind < 0.65:
        blob(rng, image, x + width / 2, y + height * rng.uniform(0.35, 0.65), size * rng.uniform(0.5, 1.1), tone)
    elif kind < 0.78:
        fruit(rng, image, x + width / 2, y + height * rng.uniform(0.4, 0.6), size * rng.uniform(0.3, 0.6), tone)
    elif kind < 0.85:
        angles = np.arange(10) * np.pi / 5 - np.pi / 2
        reach = size / 2 * np.where(np.arange(10) % 2, 0.4, 1)
        star = np.stack((x + width / 2 + np.cos(angles) * reach, y + height / 2 + np.sin(angles) * reach), 1).astype(np.int32)
        cv2.fillPoly(image, [star], float(tone), cv2.LINE_AA)


def stack(rng, glyphs, image, x, y, width, height, ink):
    """Draw two or three small characters above each other, which are not part of the number."""
    words = fill(rng, "AAA" if rng.random() < 0.8 else "000")[: rng.integers(2, 4)]
    step = height / len(words)
    for index, c in enumerate(words):
        put(image, small_print(rng, glyphs, c, step * 0.8, width * rng.uniform(0.7, 1)), x, y + index * step, ink)


def holder(rng, glyphs, image):
    """Cover the edges of a plate with a frame that has a dealer's name."""
    height, width = image.shape
    tone = float(rng.choice((12, 30, 60, 150, 215)))
    over, under, side = (height * rng.uniform(*span) for span in ((0.0, 0.17), (0.0, 0.2), (0, 0.06)))
    image[: int(over)] = image[height - int(under) :] = tone
    image[:, : int(side)] = image[:, width - int(side) :] = tone
    if rng.random() < 0.15:
        for x in (side, width - side):
            for _ in range(rng.integers(1, 4)):
                blob(rng, image, x + rng.normal(0, width * 0.01), rng.uniform(0, height), height * rng.uniform(0.08, 0.25), tone * rng.uniform(0.8, 1.2))
    lettering = tone + (1 if tone < 110 else -1) * rng.uniform(60, 200)
    for y, room in ((0, over), (height - under, under)):
        if room > height * 0.07 and rng.random() < 0.75:
            words = (fill(rng, "AAAAA AAAAAA", VOWELS + LETTERS) if rng.random() < 0.6 else fill(rng, "(000) 000-0000"))[: int(rng.integers(5, 14))]
            share = rng.uniform(0.4, 0.95)
            put(image, glyphs.words(rng, words, room * rng.uniform(0.55, 0.85), width * share), width * rng.uniform(0, 1 - share), y + room * 0.12, lettering)


def printed(rng, glyphs, image, names, y, height, ink):
    """Print the name of a state, or a slogan, across a share of the plate."""
    width = image.shape[1]
    share = rng.uniform(0.25, 0.7)
    words = names[rng.integers(len(names))]
    words = words.upper() if rng.random() < 0.4 else words
    put(image, glyphs.words(rng, words, height, width * share), width * ((1 - share) / 2 + rng.normal(0, 0.03)), y, ink)
