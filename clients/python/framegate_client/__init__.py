"""Sends camera frames to a framegate gateway at a rate that it can process, and reconnects automatically."""

from .client import Client
from .events import (
    ClientError,
    Dropped,
    FrameSent,
    Lost,
    Reply,
    Result,
    Skipped,
    SlowDown,
    State,
    StateChange,
)
from .results import (
    ClassScore,
    Detection,
    FrameResult,
    Keypoint,
    MaskRle,
    Point,
    Polygon,
    SceneCounts,
    SceneEvent,
    Track,
)
from .session import Sent

__version__ = "0.1.0"

connect = Client

__all__ = [
    "ClassScore",
    "Client",
    "ClientError",
    "Detection",
    "Dropped",
    "FrameResult",
    "FrameSent",
    "Keypoint",
    "Lost",
    "MaskRle",
    "Point",
    "Polygon",
    "Reply",
    "Result",
    "SceneCounts",
    "SceneEvent",
    "Sent",
    "Skipped",
    "SlowDown",
    "State",
    "StateChange",
    "Track",
    "connect",
]
