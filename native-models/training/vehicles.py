"""Draws procedural vehicles: fronts and rears of cars, vans, trucks, and motorcycles, with or without a plate."""

import cv2
import numpy as np

from painter import Painter, box, mirrored, smooth, superellipse

BODY_COLORS = ((235, 236, 238), (200, 203, 206), (140, 144, 148), (70, 74, 80), (22, 23, 26), (10, 10, 12),
                (140, 16, 22), (190, 24, 30), (90, 14, 24), (20, 44, 110), (28, 90, 160), (16, 70, 60), (30, 90, 50),
                (220, 190, 40), (200, 100, 30), (180, 165, 130), (90, 70, 50), (60, 140, 170))
MODEL_WORDS = ("Turbo", "TDI", "GLX", "1.6", "2.0i", "Sport", "HYBRID", "Combi", "GT", "LX", "Fabula", "Corsaro",
               "XR", "16V", "4x4", "ECO", "Prima", "Classic", "Van", "Cargo", "S", "Estate", "Linea", "Allegra")


def random_pose(rng, width, center):
    """Return a homography from vehicle units (width 1, origin at the center height of the plate) to canvas pixels."""
    roll = np.deg2rad(rng.normal(0, 3.0) if rng.random() < 0.85 else rng.uniform(-20, 20))
    squeeze = np.cos(np.deg2rad(abs(rng.normal(0, 18)))).clip(0.55, 1)
    shear = rng.normal(0, 0.05)
    tilt = rng.normal(0, 0.08, 2)
    affine = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    affine = affine @ np.array([[squeeze, 0, 0], [shear * (1 - squeeze) * 4, 1, 0], [tilt[0], tilt[1], 1]])
    return np.array([[width, 0, center[0]], [0, width, center[1]], [0, 0, 1]]) @ affine


def reflection(rng, pool):
    """Return a faint RGB texture for glossy surfaces: a blurred part of a background image, or soft noise."""
    strength = rng.uniform(0.05, 0.45)
    if pool and rng.random() < 0.6:
        picture = pool[rng.integers(len(pool))]
        y, x = rng.integers(0, picture.shape[0] // 2), rng.integers(0, picture.shape[1] // 2)
        part = picture[y : y + picture.shape[0] // 2, x : x + picture.shape[1] // 2]
        cells = int(rng.integers(6, 48))
        texture = cv2.resize(part, (cells, cells), interpolation=cv2.INTER_AREA).astype(np.float32)
    else:
        texture = np.repeat(rng.uniform(60, 190, (int(rng.integers(3, 30)), int(rng.integers(2, 12)), 1)), 3, axis=2).astype(np.float32)
    return (texture - texture.mean()) * np.float32(strength)


def _shade(color, factor):
    return np.clip(np.asarray(color, np.float32) * factor, 0, 255)


class Vehicle:
    """One vehicle. y runs from 0 at the roof down to `height` at the road."""

    def __init__(self, rng, fonts, pool, canvas, pose, plate_size):
        self.rng, self.fonts, self.pool = rng, fonts, pool
        self.front = rng.random() < 0.42
        self.height = rng.uniform(0.74, 0.95)
        self.plate_at = self.height * (rng.uniform(0.68, 0.84) if self.front or rng.random() < 0.4 else rng.uniform(0.52, 0.68))
        shift = np.array([[1, 0, 0], [0, 1, -self.plate_at], [0, 0, 1]])
        self.paint = Painter(canvas, pose @ shift)
        base = np.array(BODY_COLORS[rng.integers(len(BODY_COLORS))], np.float32)
        self.body = np.clip(base * rng.uniform(0.8, 1.1) + rng.integers(-12, 12, 3), 4, 250)
        self.plate_x = 0.0 if rng.random() < 0.85 else rng.uniform(-0.22, 0.22)
        self.plate_size = plate_size

    def draw(self):
        """Draw everything except the plate."""
        kind = self.rng.random()
        self._ground()
        if kind < 0.8:
            self._car()
        elif kind < 0.93:
            self._box_truck()
        else:
            self._motorcycle()

    def _ground(self):
        paint, height = self.paint, self.height
        size = np.hypot(*(paint.project([(0.5, 0)])[0] - paint.project([(-0.5, 0)])[0]))
        paint.fill(superellipse(0, height, 1.15, 0.16, 2), (12, 12, 14), opacity=self.rng.uniform(0.4, 0.85), blur=min(size * 0.03, 12))
        for side in (-1, 1):
            paint.fill(superellipse(side * 0.39, height * 0.93, 0.15, 0.2, 5), (16, 16, 17), (34, 33, 32))

    def _car(self):
        rng, paint, h, body = self.rng, self.paint, self.height, self.body
        waist, roof, cabin = h * rng.uniform(0.36, 0.46), rng.uniform(0.3, 0.38), rng.uniform(0.42, 0.48)
        paint.fill(smooth([(-roof, 0), (roof, 0), (cabin, waist), (0.5, h * 0.55), (0.49, h * 0.93), (-0.49, h * 0.93),
                           (-0.5, h * 0.55), (-cabin, waist)]), _shade(body, 1.12), _shade(body, rng.uniform(0.45, 0.8)), sheen=reflection(rng, self.pool))
        glass = rng.integers(10, 70)
        window = smooth([(-roof * 0.9, h * 0.05), (roof * 0.9, h * 0.05), (cabin * 0.88, waist * 0.93), (-cabin * 0.88, waist * 0.93)])
        sky = _shade((150, 165, 180), rng.uniform(0.2, 1.1))
        paint.fill(window, sky if rng.random() < 0.6 else (glass,) * 3, (glass, glass, glass + 4), sheen=reflection(rng, self.pool))
        if rng.random() < 0.5:
            for x in (-0.17, 0.17):
                paint.fill(superellipse(x, waist * 0.6, 0.1, 0.1, 3), (30, 30, 32), opacity=0.7)
        if rng.random() < 0.5:
            paint.stroke([(0.02, waist * 0.95), (rng.uniform(0.1, 0.25), waist * rng.uniform(0.5, 0.85))], (8, 8, 8), 0.012, closed=False)
        for _ in range(rng.integers(0, 3)):
            x = rng.uniform(-0.3, 0.2)
            paint.fill([(x, h * 0.06), (x + 0.06, h * 0.06), (x + 0.02, waist * 0.9), (x - 0.06, waist * 0.9)], (210, 215, 220), opacity=rng.uniform(0.05, 0.35))
        if rng.random() < 0.6:
            for side in (-1, 1):
                paint.fill(superellipse(side * (cabin + 0.07), waist * 0.85, 0.1, 0.07, 3), _shade(body, 0.7))
        for _ in range(rng.integers(1, 4)):
            y = rng.uniform(waist, h * 0.85)
            paint.fill(superellipse(rng.uniform(-0.1, 0.1), y, rng.uniform(0.6, 0.98), rng.uniform(0.006, 0.05), 3),
                       _shade(body, rng.choice([0.5, 0.7, 1.35])) + rng.uniform(0, 25), opacity=rng.uniform(0.2, 0.8))
        self._bumper(waist)
        (self._front_parts if self.front else self._rear_parts)(waist)
        self._recess()

    def _bumper(self, waist):
        rng, paint, h = self.rng, self.paint, self.height
        top = h * rng.uniform(0.68, 0.76)
        dark = rng.integers(18, 70)
        color = (dark,) * 3 if rng.random() < 0.4 else _shade(self.body, rng.uniform(0.75, 1.15))
        paint.fill(smooth([(-0.51, top), (0.51, top), (0.5, h * 0.94), (-0.5, h * 0.94)]), color, _shade(color, 0.6), sheen=reflection(rng, self.pool))
        paint.stroke([(-0.5, top), (0.5, top)], _shade(color, 0.35), 0.008, closed=False)
        if rng.random() < 0.35:
            paint.fill(box(-0.49, top + 0.03, 0.49, top + rng.uniform(0.04, 0.08)), (rng.integers(20, 210),) * 3)
        if rng.random() < 0.5:
            paint.fill(smooth([(-0.3, h * 0.84), (0.3, h * 0.84), (0.26, h * 0.93), (-0.26, h * 0.93)]), (14, 14, 15), (30, 30, 30))

    def _lamp(self, outline, colors):
        """Draw a lamp and its mirror image: bezel, gradient, cells, and a bright spot."""
        rng = self.rng
        for shape in (outline, mirrored(outline)):
            self.paint.fill(shape, colors[0], colors[1])
            middle, span = shape.mean(0), np.ptp(shape, axis=0)
            if rng.random() < 0.7:
                self.paint.fill(superellipse(middle[0], middle[1] + span[1] * rng.uniform(-0.25, 0.25), span[0] * 0.6, span[1] * 0.3, 3), colors[2], opacity=0.9)
            self.paint.fill(superellipse(*middle, span[0] * 0.25, span[1] * 0.25, 2), (255, 240, 230), opacity=rng.uniform(0, 0.9))
            self.paint.stroke(shape, (20, 20, 20), 0.006, opacity=0.7)

    def _rear_parts(self, waist):
        rng, paint, h = self.rng, self.paint, self.height
        y, wide, tall = waist + h * rng.uniform(0.06, 0.16), rng.uniform(0.09, 0.22), rng.uniform(0.06, 0.24)
        red = np.array((rng.uniform(110, 220), rng.uniform(8, 35), rng.uniform(10, 40)))
        second = ((225, 130, 30), (220, 215, 215), (240, 60, 50))[rng.integers(3)]
        lamp = smooth([(-0.49, y - tall / 2), (-0.49 + wide, y - tall / 2 * rng.uniform(0.4, 1)), (-0.49 + wide * rng.uniform(0.6, 1), y + tall / 2), (-0.48, y + tall / 2)])
        self._lamp(lamp, (red, _shade(red, 0.55), second))
        if rng.random() < 0.5:
            paint.fill(superellipse(0, h * rng.uniform(0.01, 0.06), 0.2, 0.018, 4), (170, 20, 22))
        if rng.random() < 0.35:
            paint.fill(superellipse(0, self.plate_at - self.plate_size * 0.9, rng.uniform(0.3, 0.6), 0.03, 4), (225, 225, 228), (90, 90, 95))
        self._badge(waist + h * 0.08)
        for _ in range(rng.integers(0, 4)):
            word = MODEL_WORDS[rng.integers(len(MODEL_WORDS))]
            shade = (215, 216, 220) if self.body.mean() < 150 or rng.random() < 0.4 else (40, 40, 44)
            paint.text(self.fonts, rng, word, rng.choice([-0.42, -0.38, 0.22, 0.28]), waist + h * rng.uniform(0.03, 0.22), rng.uniform(0.018, 0.04), shade)
        if rng.random() < 0.25:
            x, y = rng.choice([-1, 1]) * rng.uniform(0.2, 0.35), rng.uniform(waist, h * 0.85)
            paint.fill(superellipse(x, y, 0.075, 0.05, 2), (240, 240, 240))
            paint.text(self.fonts, rng, "SK" if rng.random() < 0.5 else "CH", x - 0.02, y, 0.028, (20, 20, 20))
        for side in (-1, 1):
            if rng.random() < 0.4:
                paint.fill(box(side * 0.38 - 0.05, h * 0.82, side * 0.38 + 0.05, h * 0.84), (190, 20, 20))
            if rng.random() < 0.2:
                paint.fill(superellipse(side * 0.3, h * 0.94, 0.09, 0.035, 3), (60, 60, 62), (12, 12, 12))

    def _front_parts(self, waist):
        rng, paint, h = self.rng, self.paint, self.height
        y, wide, tall = waist + h * rng.uniform(0.12, 0.2), rng.uniform(0.14, 0.25), rng.uniform(0.06, 0.15)
        lamp = smooth([(-0.48, y - tall * rng.uniform(0.3, 0.8)), (-0.48 + wide, y - tall * 0.2), (-0.48 + wide * 0.9, y + tall / 2), (-0.46, y + tall / 2)])
        if rng.random() < 0.15:
            lamp = superellipse(-0.36, y, 0.17, 0.17, 2.3)
        light = rng.uniform(120, 255)
        self._lamp(lamp, ((light,) * 3, (light * 0.45,) * 3, (250, 250, 245) if rng.random() < 0.5 else (60, 62, 66)))
        top, bottom, half = y - tall * 0.3, y + tall * rng.uniform(0.3, 1.2), rng.uniform(0.15, 0.32)
        self._grille(top, bottom, half)
        if rng.random() < 0.7:
            self._grille(h * rng.uniform(0.74, 0.8), h * rng.uniform(0.85, 0.92), rng.uniform(0.2, 0.45))
        self._badge((top + bottom) / 2)
        for x in (-0.2, 0.2):
            paint.stroke([(x * 1.2, waist), (x, top)], _shade(self.body, 0.6), 0.006, opacity=0.6, closed=False)
        if rng.random() < 0.6:
            for side in (-1, 1):
                paint.fill(superellipse(side * 0.37, h * 0.84, 0.1, 0.065, 2.5), (18, 18, 18))
                paint.fill(superellipse(side * 0.37, h * 0.84, 0.06, 0.05, 2), (rng.integers(90, 240),) * 3)

    def _grille(self, top, bottom, half):
        rng, paint = self.rng, self.paint
        shape = smooth([(-half, top), (half, top), (half * 0.88, bottom), (-half * 0.88, bottom)])
        paint.fill(shape, (16, 16, 17), (28, 28, 28))
        bar = rng.integers(30, 190)
        count = rng.integers(2, 7)
        if rng.random() < 0.7:
            for y in np.linspace(top, bottom, count + 2)[1:-1]:
                paint.fill(box(-half * 0.92, y - 0.004, half * 0.92, y + 0.004), (bar,) * 3)
        if rng.random() < 0.4:
            for x in np.linspace(-half, half, count * 3)[1:-1]:
                paint.fill(box(x - 0.004, top + 0.005, x + 0.004, bottom - 0.005), (bar,) * 3)
        if rng.random() < 0.4:
            paint.stroke(shape, (205, 206, 210), 0.01)

    def _badge(self, y):
        rng, paint = self.rng, self.paint
        if rng.random() < 0.8:
            size = rng.uniform(0.04, 0.09)
            paint.fill(superellipse(0, y, size * rng.uniform(1, 1.5), size, rng.choice([2, 2, 4])), (205, 207, 210), (110, 112, 116))
            paint.fill(superellipse(0, y, size * 0.6, size * 0.6, rng.choice([1.2, 2, 3])), rng.integers(10, 220, 3))

    def _recess(self):
        """Draw the panel or recess around the plate."""
        rng = self.rng
        if rng.random() < 0.6:
            wide, tall = self.plate_size * rng.uniform(3.6, 6.2), self.plate_size * rng.uniform(1.3, 2.6)
            factor = rng.choice([0.3, 0.55, 0.75, 0.88, 1.12])
            outline = superellipse(self.plate_x, self.plate_at, min(wide, 0.75), tall, rng.uniform(4, 10))
            self.paint.fill(outline, _shade(self.body, factor * 0.8), _shade(self.body, factor * 1.2))
            if rng.random() < 0.5:
                self.paint.stroke(outline, _shade(self.body, 0.4), 0.006, opacity=0.7)

    def _box_truck(self):
        """Draw a van, bus, truck, or trailer: a tall panel body with seams, stripes, lettering, and small lamps."""
        rng, paint, h, body = self.rng, self.paint, self.height, self.body
        top = -rng.uniform(0, 0.5)
        paint.fill(smooth(box(-0.5, top, 0.5, h * 0.85), 1), _shade(body, 1.1), _shade(body, 0.75), sheen=reflection(rng, self.pool))
        for x in rng.uniform(-0.48, 0.48, rng.integers(1, 5)):
            paint.fill(box(x - 0.004, top + 0.02, x + 0.004, h * 0.83), _shade(body, 0.5))
        if rng.random() < 0.5:
            for side in (-1, 1):
                paint.fill(smooth(box(side * 0.24 - 0.18, top + 0.06, side * 0.24 + 0.18, h * 0.35)), (50, 58, 66), (18, 20, 24))
        if rng.random() < 0.5:
            paint.fill(box(-0.49, h * 0.5, 0.49, h * 0.56), rng.integers(20, 220, 3))
        if rng.random() < 0.6:
            word = MODEL_WORDS[rng.integers(len(MODEL_WORDS))] + MODEL_WORDS[rng.integers(len(MODEL_WORDS))].lower()
            paint.text(self.fonts, rng, word, -0.4, top + rng.uniform(0.1, 0.5), rng.uniform(0.04, 0.12), rng.integers(0, 255, 3))
        paint.fill(box(-0.49, h * 0.8, 0.49, h * 0.93), (32, 32, 34), (18, 18, 18))
        if rng.random() < 0.5:
            step = 0.08
            for index, x in enumerate(np.arange(-0.48, 0.46, step)):
                paint.fill([(x, h * 0.86), (x + step, h * 0.86), (x + step * 0.7, h * 0.9), (x - step * 0.3, h * 0.9)], (200, 25, 25) if index % 2 else (235, 235, 235))
        for side in (-1, 1):
            for offset in (0.0, 0.075)[: rng.integers(1, 3)]:
                paint.fill(superellipse(side * (0.43 - offset), h * 0.78, 0.065, 0.065, rng.choice([2, 6])), (200, 24, 24) if offset == 0 else (220, 130, 30))
        self._recess()

    def _motorcycle(self):
        rng, paint, h = self.rng, self.paint, self.height
        paint.fill(superellipse(0, h * 0.8, 0.2, h * 0.6, 4), (14, 14, 15), (26, 26, 26))
        paint.fill(smooth([(-0.22, h * 0.2), (0.22, h * 0.2), (0.12, h * 0.6), (-0.12, h * 0.6)]), _shade(self.body, 1.1), _shade(self.body, 0.5))
        paint.fill(superellipse(0, h * 0.42, 0.2, 0.08, 3), (200, 20, 20), (110, 10, 10))
        for side in (-1, 1):
            paint.fill(superellipse(side * 0.25, h * 0.45, 0.07, 0.05, 2), (225, 130, 30))
            paint.fill(superellipse(side * 0.2, h * 0.75, 0.09, 0.2, 3), (120, 120, 124), (40, 40, 42))
        paint.fill(smooth(box(-0.14, self.plate_at - 0.12, 0.14, self.plate_at + 0.14)), (22, 22, 24))

    def mount(self, plate):
        """Attach the plate. Return its four corners in canvas pixels."""
        height, width = plate.pixels.shape[:2]
        (px0, py0), _, (px1, py1), _ = plate.corners
        unit = self.plate_size / (py1 - py0)
        x0 = self.plate_x - (px0 + px1) / 2 * unit
        y0 = self.plate_at - (py0 + py1) / 2 * unit
        self.paint.patch(plate.pixels, box(x0, y0, x0 + width * unit, y0 + height * unit))
        return self.paint.project(plate.corners * unit + (x0, y0))
