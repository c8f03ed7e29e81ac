"""Moves vehicles through a scene: lanes, speeds, stops, and posts. Pure geometry without pictures.

The camera looks along z. Units are meters and seconds; x is to the right, and the road is `camera` meters below the camera.
"""

from dataclasses import dataclass

import numpy as np

# Width of a vehicle that is `1.0` wide.
VEHICLE_METERS = 1.8
# Distance at which vehicles that drive along z appear, and at which they leave: far, and almost below the camera.
FAR, NEAR = 24.0, 3.2
# Distance between two vehicles of a lane, front to front.
GAPS = {"along": (6.0, 13.0), "across": (3.0, 8.0)}
SPEEDS = {"along": (2.0, 9.0), "across": (1.5, 8.0)}
# A lane stops and drives on: how often, and seconds that braking and the stop take.
STOP_SHARE, BRAKE_SECONDS, STOP_SECONDS = 0.5, (0.8, 1.6), (1.0, 3.0)


@dataclass(frozen=True)
class Camera:
    """A camera without tilt: its focal length and its horizon in pixels, and its height above the road."""

    width: int
    height: int
    focal: float
    horizon: float
    above: float

    def scale(self, z):
        """Return pixels per meter at distance z."""
        return self.focal / z

    def ground(self, x, z):
        """Return the pixel of a point of the road."""
        return self.width / 2 + x * self.scale(z), self.horizon + self.above * self.scale(z)


@dataclass(frozen=True)
class Lane:
    """Vehicles one behind the other that share one speed, so that they never touch.

    `along`: they drive toward the camera (direction -1) or away from it (1) at a fixed x. `across`: they drive to the right (1) or to the
    left (-1) at a fixed z.
    """

    kind: str
    direction: int
    fixed: float
    speed: float
    stop: tuple | None

    def traveled(self, t):
        """Return the meters that the lane has moved at time t: constant speed, with an optional stop (start, braking, standing)."""
        if self.stop is None:
            return self.speed * t
        start, brake, stand = self.stop
        slow = np.clip(t - start, 0, brake)
        again = np.clip(t - start - brake - stand, 0, brake)
        moving = min(t, start) + max(t - start - 2 * brake - stand, 0)
        return self.speed * (moving + slow - slow**2 / (2 * brake) + again**2 / (2 * brake))

    def place(self, camera, start, t):
        """Return x and z at time t of the vehicle that is at distance `start` from the lane's entrance at time 0, or None outside."""
        way = start + self.traveled(t)
        if self.kind == "across":
            reach = camera.width / 2 / camera.scale(self.fixed) + VEHICLE_METERS
            return (self.direction * (way - reach), self.fixed) if 0 <= way <= 2 * reach else None
        if not 0 <= way <= FAR - NEAR:
            return None
        return self.fixed, (FAR - way if self.direction < 0 else NEAR + way)


@dataclass(frozen=True)
class Post:
    """Something thin that stands in front of vehicles: a post, a tree, a barrier's column."""

    x: float
    z: float
    wide: float
    tall: float


def random_camera(rng, width, height):
    """Return a camera two to four meters above the road."""
    return Camera(width, height, width * rng.uniform(0.8, 1.05), height * rng.uniform(0.12, 0.3), rng.uniform(2.2, 3.8))


def random_lanes(rng, seconds):
    """Return two or three lanes along the road and up to two across, in different places."""
    sides = rng.permutation([-3.4, 0.0, 3.4])[: rng.integers(1, 4)]
    lanes = [_lane(rng, "along", float(x), seconds) for x in sides]
    depths = rng.permutation([4.6, 6.6, 9.0])[: rng.integers(1 if len(lanes) < 3 else 0, 3)]
    return lanes + [_lane(rng, "across", float(z), seconds) for z in depths]


def _lane(rng, kind, fixed, seconds):
    brake = rng.uniform(*BRAKE_SECONDS)
    stop = (rng.uniform(0.1, 0.7) * seconds, brake, rng.uniform(*STOP_SECONDS)) if rng.random() < STOP_SHARE else None
    return Lane(kind, int(rng.choice((-1, 1))), fixed, rng.uniform(*SPEEDS[kind]), stop)


def starts(rng, lane, seconds):
    """Return where a lane's vehicles are at time 0: the first ones on the road, the others before its entrance."""
    place, found = rng.uniform(0, FAR), []
    while place > -lane.traveled(seconds):
        found.append(place)
        place -= rng.uniform(*GAPS[lane.kind])
    return found


def random_posts(rng, camera):
    """Return up to three posts in front of the crossing lanes."""
    posts = []
    for _ in range(rng.integers(0, 4)):
        z = rng.uniform(3.4, 8.0)
        reach = camera.width / 2 / camera.scale(z)
        posts.append(Post(rng.uniform(-reach, reach), z, rng.uniform(0.08, 0.45), rng.uniform(2.0, 4.0)))
    return posts
