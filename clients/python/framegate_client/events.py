"""What a client tells: replies, errors, and changes of its state."""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

State = Literal["connecting", "open", "waiting", "closed"]


class ClientError(Exception):
    """A session that ended, or never began. ``code`` is for programs, the text for people.

    Besides the gateway's codes: ``unreachable`` no connection could be opened; ``closed`` the connection ended without
    a reason, or ``close`` was called; ``timed_out`` a frame had no reply in time; ``invalid_reply`` what answers is no
    gateway.
    """

    def __init__(self, code: str, detail: str) -> None:
        """Keep both."""
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class Result:
    """What the gateway found in a frame."""

    frame: bytes
    index: int
    result: dict[str, Any]
    round_trip_ms: float


@dataclass(frozen=True)
class Dropped:
    """The gateway had no worker for the frame."""

    frame: bytes
    index: int
    round_trip_ms: float


@dataclass(frozen=True)
class Skipped:
    """The frame never left: a newer one took its place, or there was no connection."""

    frame: bytes


@dataclass(frozen=True)
class Lost:
    """The connection ended before the frame's reply came; ``error`` says why."""

    frame: bytes
    index: int
    error: ClientError


Reply: TypeAlias = Result | Dropped | Skipped | Lost


@dataclass(frozen=True)
class FrameSent:
    """A frame has left, and this is its ``frame_index`` in the current connection."""

    frame: bytes
    index: int


@dataclass(frozen=True)
class SlowDown:
    """The gateway asks for less; ``fps`` is what the client allows itself now."""

    fps: float


@dataclass(frozen=True)
class StateChange:
    """``waiting`` is the time between a lost connection and the next attempt; ``closed`` is for good."""

    state: State
    retry_in_ms: float | None = None
