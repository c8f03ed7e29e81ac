"""The gateway's result for a frame, as typed dictionaries. At run time, a result is a plain ``dict``."""

from __future__ import annotations

from typing import TypedDict

Point = list[float]
"""``[x, y]`` in pixels of the frame as sent, with the origin at the top left."""

Polygon = list[Point]
"""An outer ring of a mask; the last point joins the first."""

Keypoint = list[float]
"""``[x, y, score]``, or ``[x, y]`` if the model does not say how sure it is that the point is visible."""


class MaskRle(TypedDict):
    """A mask of the whole frame in COCO's compressed run-length encoding, as ``pycocotools`` reads it."""

    size: list[int]
    """Height and width of the frame."""
    counts: str


class ClassScore(TypedDict):
    """A class of the whole image."""

    label: str
    score: float
    """Probability, 0 to 1."""


# `NotRequired` needs Python 3.11, so that each type with optional keys has a base with the required ones.
class _Box(TypedDict):
    x: float
    y: float
    w: float
    h: float
    label: str
    score: float
    """Confidence that the object is there, 0 to 1."""


class Detection(_Box, total=False):
    """A box in pixels of the frame as sent, with its origin at the top left, and what was detected in it."""

    quad: list[Point]
    """Corners of a rotated box, clockwise from the top left."""
    angle: float
    """Direction of a rotated box's sides, in radians from the x axis, clockwise on the image, from 0 to below π/2."""
    polygons: list[Polygon]
    """Outlines of the object's parts."""
    mask: MaskRle
    keypoints: list[Keypoint]
    """In the order of the result's ``keypoint_names``."""
    text: str
    text_score: float
    """Confidence in the text, 0 to 1."""


class _Frame(TypedDict):
    width: int
    height: int
    timings_ms: dict[str, float]
    """Milliseconds per node id, plus ``decode`` and ``total``."""


class FrameResult(_Frame, total=False):
    """The output of a pipeline for one frame. A pipeline's own tools may add keys: extend this type with them."""

    detections: list[Detection]
    text: str
    text_score: float
    classes: list[ClassScore]
    """The most likely classes of the whole image, best first."""
    keypoint_names: list[str]
    """Names of the ``keypoints`` of every detection, if the model has names."""
    warnings: list[str]
    """Problems that the decoder found in a damaged file: part of the image may be gray or displaced."""
