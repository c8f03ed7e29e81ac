"""Renders clips of vehicles with plates that drive through a scene: frames at 30 per second, and the truth about every object.

Each clip is a folder: `000000.jpg`, `000001.jpg`, ... and `truth.jsonl`. Its first line describes the clip: `seed`, `fps`, `width`, `height`.
Every other line is a frame: `{"frame":0,"at_ms":0,"objects":[{"id":1,"text":"AB 123","plate":[x,y,w,h],"vehicle":[x,y,w,h],"visible":0.97}]}`.
Boxes are in pixels, `plate` and `vehicle` are cut off at the edges of the frame, and `visible` is the share of the whole plate that can be seen.
A vehicle of which nothing is in the frame is absent. The same options give the same frames.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from backgrounds import load_pool
from plates import FontBook
from scenery import clutter, street
from sprites import draw_sprite
from traffic import VEHICLE_METERS, random_camera, random_lanes, random_posts, starts

FPS = 30
# Things that are not vehicles, in the map of what covers which pixel.
SCENERY = 0
# Half an exposure's way is blurred to each side. A shutter is open for this share of a frame's time.
SHUTTER = 0.5
# Shake of the camera, and movement of a vehicle on its springs, in pixels and meters.
SHAKE, SPRINGS = 0.4, 0.006
NOISE, QUALITY = 3.0, 88


@dataclass(frozen=True)
class Effects:
    """What makes plates harder to read, from 0 (nothing) to 1."""

    blur: float
    glare: float


@dataclass(frozen=True)
class Actor:
    """A vehicle of a lane."""

    number: int
    lane: object
    start: float
    sprite: object
    size: float
    phase: float
    glare: tuple


class Clip:
    """One scene and its vehicles. Call `frame` in order: the noise comes from one random stream."""

    def __init__(self, seed, size, seconds, fonts, pool, effects):
        self.rng = rng = np.random.default_rng(seed)
        self.camera = random_camera(rng, *size)
        self.effects = effects
        ground = street(rng, pool, size[1], size[0])
        clutter(rng, fonts, ground, 3)
        self.ground = np.clip(ground, 0, 255)
        self.posts = random_posts(rng, self.camera)
        self.actors = []
        for lane in random_lanes(rng, seconds):
            for start in starts(rng, lane, seconds):
                number = len(self.actors) + 1
                sprite = draw_sprite((seed, number), fonts, pool)
                glare = (rng.uniform(-2, 2), rng.uniform(0.5, 2.0), rng.uniform(0.3, 1.0))
                self.actors.append(Actor(number, lane, start, sprite, rng.uniform(0.92, 1.1), rng.uniform(0, 6), glare))

    def frame(self, index):
        """Return the uint8 BGR picture of a frame and its objects."""
        t = index / FPS
        canvas, owners = self.ground.copy(), np.zeros(self.ground.shape[:2], np.uint16)
        shake = self.rng.normal(0, SHAKE, 2)
        things = [(post.z, post, None) for post in self.posts]
        for actor in self.actors:
            place = actor.lane.place(self.camera, actor.start, t)
            if place is not None:
                things.append((place[1], actor, place))
        drawn = []
        for _, thing, place in sorted(things, key=lambda entry: -entry[0]):
            if place is None:
                self._draw_post(canvas, owners, thing, shake)
            else:
                drawn.append((thing, *self._draw_vehicle(canvas, owners, thing, place, t, shake)))
        for actor, corners, _ in drawn:
            self._shine(canvas, actor, corners, t)
        canvas += self.rng.normal(0, NOISE, canvas.shape[:2]).astype(np.float32)[..., None]
        objects = [entry for entry in (self._truth(owners, *thing) for thing in drawn) if entry]
        picture = cv2.cvtColor(np.clip(canvas, 0, 255).astype(np.uint8), cv2.COLOR_RGB2BGR)
        return picture, sorted(objects, key=lambda entry: entry["id"])

    def _draw_post(self, canvas, owners, post, shake):
        scale = self.camera.scale(post.z)
        x, y = np.add(self.camera.ground(post.x, post.z), shake)
        x0, x1 = int(np.clip(x - post.wide / 2 * scale, 0, canvas.shape[1])), int(np.clip(x + post.wide / 2 * scale, 0, canvas.shape[1]))
        y0, y1 = int(max(y - post.tall * scale, 0)), int(np.clip(y, 0, canvas.shape[0]))
        shades = np.linspace(150, 60, max(x1 - x0, 1), dtype=np.float32)[: x1 - x0]
        canvas[y0:y1, x0:x1] = shades[None, :, None]
        owners[y0:y1, x0:x1] = SCENERY

    def _draw_vehicle(self, canvas, owners, actor, place, t, shake):
        """Paste the sprite. Return the plate's corners and the vehicle's box in pixels, uncut."""
        meters = VEHICLE_METERS * actor.size
        scale = self.camera.scale(place[1]) * meters
        bounce = SPRINGS * np.sin(9 * t + actor.phase) * self.camera.scale(place[1])
        at = np.add(self.camera.ground(*place), shake) + (0, bounce)
        level = actor.sprite.level(scale)
        matrix = actor.sprite.matrix(level, scale, at)
        picture = actor.sprite.levels[level]
        span = np.array([(0, 0), picture.shape[1::-1]]) @ matrix[:, :2].T + matrix[:, 2]
        (x0, y0), (x1, y1) = np.clip(np.floor(span).astype(int) + ((-1, -1), (1, 1)), 0, self.ground.shape[1::-1])
        if x1 > x0 and y1 > y0:
            matrix[:, 2] -= (x0, y0)
            patch = cv2.warpAffine(picture, matrix, (int(x1 - x0), int(y1 - y0)), flags=cv2.INTER_LINEAR)
            patch = self._smear(patch, actor, at, t)
            region = canvas[y0:y1, x0:x1]
            region *= 1 - patch[..., 3:]
            region += patch[..., :3]
            owners[y0:y1, x0:x1][patch[..., 3] > 0.5] = actor.number
        return actor.sprite.plate * scale + at, np.array(actor.sprite.outline) * scale + at

    def _smear(self, patch, actor, at, t):
        """Blur along the way that the vehicle moves while the shutter is open."""
        later = actor.lane.place(self.camera, actor.start, t + 1 / FPS)
        if self.effects.blur == 0 or later is None:
            return patch
        way = np.subtract(self.camera.ground(*later), at) * self.effects.blur * SHUTTER
        length = int(np.hypot(*way))
        if length < 2:
            return patch
        kernel = np.zeros((2 * length + 1, 2 * length + 1), np.float32)
        ends = np.round(length + np.array((-way, way)) / 2).astype(int)
        cv2.line(kernel, ends[0].tolist(), ends[1].tolist(), 1.0, 1, cv2.LINE_AA)
        return cv2.filter2D(patch, -1, kernel / kernel.sum())

    def _shine(self, canvas, actor, corners, t):
        """Add a reflection of the sun to a plate, which passes within a second or two."""
        middle, wide, strength = actor.glare
        place = actor.lane.traveled(t) + actor.start
        power = strength * self.effects.glare * np.exp(-(((place % 5) - 2.5 - middle) ** 2) / (2 * (wide / 2) ** 2))
        if power < 0.05:
            return
        center, size = corners.mean(0), max(np.ptp(corners, axis=0)[0], 2) * 0.6
        low = np.clip(center - 2 * size, 0, canvas.shape[1::-1]).astype(int)
        high = np.clip(center + 2 * size, 0, canvas.shape[1::-1]).astype(int)
        ys, xs = np.mgrid[low[1] : high[1], low[0] : high[0]].astype(np.float32)
        light = np.exp(-((xs - center[0]) ** 2 + (ys - center[1]) ** 2 * 3) / (2 * (size * 0.5) ** 2))
        canvas[low[1] : high[1], low[0] : high[0]] += (light * np.float32(power * 260))[..., None]

    def _truth(self, owners, actor, corners, outline):
        height, width = owners.shape
        vehicle = _cut(*outline, width, height)
        if vehicle is None:
            return None
        (x0, y0), (x1, y1) = np.floor(corners.min(0)).astype(int), np.ceil(corners.max(0)).astype(int)
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        cv2.fillConvexPoly(mask, np.round(corners - (x0, y0)).astype(np.int32), 1)
        cx0, cy0, cx1, cy1 = max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)
        seen = 0
        if cx1 > cx0 and cy1 > cy0:
            seen = int((mask[cy0 - y0 : cy1 - y0, cx0 - x0 : cx1 - x0] & (owners[cy0:cy1, cx0:cx1] == actor.number)).sum())
        plate = _cut(corners.min(0), corners.max(0), width, height)
        visible = round(seen / max(int(mask.sum()), 1), 3)
        return {"id": actor.number, "text": actor.sprite.text, "plate": plate, "vehicle": vehicle, "visible": visible}


def _cut(low, high, width, height):
    """Return x, y, w, h of a box inside the frame, or None."""
    x0, y0 = np.clip(low, 0, (width, height))
    x1, y1 = np.clip(high, 0, (width, height))
    return [round(float(v), 1) for v in (x0, y0, x1 - x0, y1 - y0)] if x1 > x0 and y1 > y0 else None


def write_clip(folder, clip, seed, size, seconds):
    """Write the frames of a clip, and `truth.jsonl`."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "truth.jsonl", "w", encoding="utf-8") as file:
        file.write(json.dumps({"seed": seed, "fps": FPS, "width": size[0], "height": size[1]}) + "\n")
        for index in range(round(seconds * FPS)):
            picture, objects = clip.frame(index)
            cv2.imwrite(str(folder / f"{index:06d}.jpg"), picture, (cv2.IMWRITE_JPEG_QUALITY, QUALITY))
            file.write(json.dumps({"frame": index, "at_ms": round(index * 1000 / FPS, 1), "objects": objects}) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", required=True, type=Path)
    parser.add_argument("--fonts", default="/usr/share/fonts")
    parser.add_argument("--pool", help="folder of images prepared by backgrounds.py")
    parser.add_argument("--clips", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=720)
    parser.add_argument("--seed", type=int, default=1, help="seed of the first clip; the others count on")
    parser.add_argument("--blur", type=float, default=0.0, help="motion blur, from 0 to 1")
    parser.add_argument("--glare", type=float, default=0.0, help="reflections on plates, from 0 to 1")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    fonts, pool = FontBook(options.fonts), load_pool(options.pool)
    size, effects = (options.width, options.height), Effects(options.blur, options.glare)
    for seed in range(options.seed, options.seed + options.clips):
        clip = Clip(seed, size, options.seconds, fonts, pool, effects)
        write_clip(options.output / f"{seed:04d}", clip, seed, size, options.seconds)


if __name__ == "__main__":
    main()
