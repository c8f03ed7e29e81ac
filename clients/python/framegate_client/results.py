"""The gateway's result for a frame, as typed dictionaries. At run time, a result is a plain ``dict``."""

from __future__ import annotations

from typing import Literal, TypedDict

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
    track_id: int
    """The same number for the same object in the frames of a session: 1, 2, 3, …"""
    age_ms: float
    """Since the object was first detected, in milliseconds."""
    text_reads: int
    """How many times the text was recognized; ``text`` and ``text_score`` are the vote of all of them."""
    text_settled: bool
    """Whether further frames are unlikely to change the text."""


class Track(TypedDict):
    """An object that a tracker follows, detected in this frame or lately. Once it is absent from a result, its id never comes back."""

    track_id: int
    label: str
    x: float
    """Smoothed box in pixels; predicted while the object is not detected."""
    y: float
    w: float
    h: float
    vx: float
    """Smoothed velocity of its center, in pixels per second."""
    vy: float
    age_ms: float
    lost_ms: float
    """Since it was last detected, in milliseconds: 0 if it is in this frame."""


class _Event(TypedDict):
    type: str
    """``enter``, ``leave`` and ``dwell`` of an area, ``cross`` of a line, ``text`` once a text is settled, or a tool's own type."""
    at_ms: float
    """Arrival of the frame that shows it, as Unix time in milliseconds."""


class SceneEvent(_Event, total=False):
    """Something that happened, reported once. A pipeline's own tools may add keys: extend this type with them."""

    track_id: int
    label: str
    text: str
    text_score: float
    """Confidence in the text, 0 to 1."""
    zone: str
    """Name of the area or line."""
    direction: Literal["in", "out"]
    """Of a crossed line, as seen from its first point toward its second: ``in`` from left to right, ``out`` from right to left."""


SceneCounts = dict[str, dict[str, dict[str, int]]]
"""Counts of the session so far by zone, kind and label: ``{"gate": {"in": {"car": 3}, "out": {}}}``."""


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
    tracks: list[Track]
    events: list[SceneEvent]
    """What has happened since the last result. Those of a result that was dropped are in the next one."""
    events_lost: int
    """Events that were left out, since too many waited for a client that did not read its results."""
    counts: SceneCounts
    warnings: list[str]
    """Problems that the decoder found in a damaged file: part of the image may be gray or displaced."""
