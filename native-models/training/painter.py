"""Drawing in local coordinates: shapes, gradients, and patches projected through a homography."""

import cv2
import numpy as np

# Fractional bits of cv2 polygon coordinates, for subpixel corners.
FIXED_BITS = 4
# Minimum distance of a point from the vanishing plane, so that nothing is drawn behind the camera.
MIN_DEPTH = 0.25


def superellipse(x, y, width, height, power=4.0, points=28):
    """Return the outline of a rounded shape. Power 2 is an ellipse; larger powers approach a rectangle."""
    angle = np.linspace(0, 2 * np.pi, points, endpoint=False)
    cos, sin = np.cos(angle), np.sin(angle)
    xs = x + np.sign(cos) * np.abs(cos) ** (2 / power) * width / 2
    ys = y + np.sign(sin) * np.abs(sin) ** (2 / power) * height / 2
    return np.stack((xs, ys), axis=1)


def box(x0, y0, x1, y1):
    """Return the outline of a rectangle."""
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float32)


def smooth(outline, rounds=2):
    """Round the corners of a polygon with Chaikin's algorithm."""
    points = np.asarray(outline, np.float32)
    for _ in range(rounds):
        following = np.roll(points, -1, axis=0)
        points = np.stack((points * 0.8 + following * 0.2, points * 0.2 + following * 0.8), axis=1).reshape(-1, 2)
    return points


def mirrored(outline):
    """Mirror an outline to the other side of the vehicle."""
    return np.asarray(outline, np.float32) * np.array((-1, 1), np.float32)


class Painter:
    """Draws on a float RGB canvas. All coordinates are projected through `matrix`."""

    def __init__(self, canvas, matrix):
        self.canvas = canvas
        self.matrix = np.asarray(matrix, np.float64)

    def project(self, points):
        """Map (N, 2) local points to canvas pixels."""
        points = np.asarray(points, np.float64)
        mapped = np.c_[points, np.ones(len(points))] @ self.matrix.T
        return mapped[:, :2] / np.maximum(mapped[:, 2:], MIN_DEPTH)

    def fill(self, outline, color, bottom=None, opacity=1.0, blur=0.0, sheen=None):
        """Fill an outline with a color, or with a vertical gradient from `color` to `bottom`.

        `sheen` is a small RGB array that is stretched over the outline and added: reflections, dirt, dents.
        """
        points = self.project(outline)
        margin = int(np.ceil(blur * 2)) + 1
        limits = self.canvas.shape[1::-1]
        x0, y0 = np.clip(np.floor(points.min(0)) - margin, 0, limits).astype(int)
        x1, y1 = np.clip(np.ceil(points.max(0)) + margin, 0, limits).astype(int)
        if x0 >= x1 or y0 >= y1:
            return
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        fixed = np.round((points - (x0, y0)) * (1 << FIXED_BITS)).astype(np.int32)
        cv2.fillPoly(mask, [fixed], 255, cv2.LINE_AA, FIXED_BITS)
        if blur > 0.4:
            mask = cv2.GaussianBlur(mask, (0, 0), blur)
        alpha = mask[..., None] * np.float32(opacity / 255)
        paint = np.asarray(color, np.float32)
        if bottom is not None:
            span = max(points[:, 1].max() - points[:, 1].min(), 1e-3)
            along = np.clip((np.arange(y0, y1) - points[:, 1].min()) / span, 0, 1).astype(np.float32)[:, None, None]
            paint = paint + (np.asarray(bottom, np.float32) - paint) * along
        if sheen is not None:
            paint = paint + cv2.resize(sheen, (int(x1 - x0), int(y1 - y0)), interpolation=cv2.INTER_LINEAR)
        patch = self.canvas[y0:y1, x0:x1]
        patch += (paint - patch) * alpha

    def stroke(self, outline, color, width, opacity=1.0, closed=True):
        """Draw the outline as a line that is `width` local units thick."""
        points = np.asarray(outline, np.float32)
        ends = points if closed else points[:-1]
        for start, end in zip(ends, np.roll(points, -1, axis=0)):
            along = end - start
            length = float(np.hypot(*along))
            if length > 0:
                side = np.array((-along[1], along[0])) / length * width / 2
                self.fill([start + side, end + side, end - side, start - side], color, opacity=opacity)

    def patch(self, pixels, corners):
        """Warp an RGBA patch onto four local `corners`."""
        height, width = pixels.shape[:2]
        target = self.project(corners).astype(np.float32)
        limits = self.canvas.shape[1::-1]
        x0, y0 = np.clip(np.floor(target.min(0)), 0, limits).astype(int)
        x1, y1 = np.clip(np.ceil(target.max(0)) + 1, 0, limits).astype(int)
        if x0 >= x1 or y0 >= y1:
            return
        shrink = width / max(np.hypot(*(target[1] - target[0])), 1.0)
        if shrink > 1.5:
            size = (max(int(width / shrink * 1.3), 2), max(int(height / shrink * 1.3), 2))
            pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
            height, width = pixels.shape[:2]
        source = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32) - 0.5
        warp = cv2.getPerspectiveTransform(source, (target - (x0, y0) - 0.5).astype(np.float32))
        warped = cv2.warpPerspective(pixels, warp, (int(x1 - x0), int(y1 - y0)), flags=cv2.INTER_LINEAR).astype(np.float32)
        alpha = warped[..., 3:] / 255
        region = self.canvas[y0:y1, x0:x1]
        region += (warped[..., :3] - region) * alpha

    def text(self, fonts, rng, words, x, y, height, color, opacity=1.0, plain=False):
        """Draw text with its left end and vertical center at local (x, y). Return its width."""
        mask = fonts.mask(rng, words, 40, plain=plain)
        width = mask.shape[1] / mask.shape[0] * height
        pixels = np.empty((*mask.shape, 4), np.float32)
        pixels[..., :3] = color
        pixels[..., 3] = mask * 255 * opacity
        self.patch(pixels, box(x, y - height / 2, x + width, y + height / 2))
        return width
