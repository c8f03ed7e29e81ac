"""The client's events: replies, errors and state changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Union

from .results import FrameResult

State = Literal["connecting", "open", "waiting", "closed"]


class ClientError(Exception):
    """Why a session ended or could not start. ``code`` is for programs, the text for people.

    In addition to the gateway's codes: ``unreachable``: the connection could not be opened; ``closed``: the connection
    ended without a reason, or ``close`` was called; ``timed_out``: a frame had no reply in time; ``invalid_reply``: the
    peer is not a gateway.
    """

    def __init__(self, code: str, detail: str) -> None:
        """Store both."""
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class Result:
    """The gateway's result for a frame."""

    frame: bytes
    index: int
    result: FrameResult
    round_trip_ms: float


@dataclass(frozen=True)
class Dropped:
    """The gateway had no free worker for the frame in time, or had asked the client to move."""

    frame: bytes
    index: int
    round_trip_ms: float


@dataclass(frozen=True)
class Skipped:
    """The frame was not sent: a newer frame replaced it, or there was no connection."""

    frame: bytes


@dataclass(frozen=True)
class Lost:
    """The connection ended before the reply arrived; ``error`` has the reason."""

    frame: bytes
    index: int
    error: ClientError


# A value, not an annotation: `X | Y` between classes needs Python 3.10.
Reply = Union[Result, Dropped, Skipped, Lost]


@dataclass(frozen=True)
class FrameSent:
    """A frame was sent with this ``frame_index`` in the current connection."""

    frame: bytes
    index: int


@dataclass(frozen=True)
class SlowDown:
    """The gateway sent ``slow_down``; ``fps`` is the new rate limit."""

    fps: float


@dataclass(frozen=True)
class StateChange:
    """``waiting``: between a lost connection and the next attempt; ``closed``: final."""

    state: State
    retry_in_ms: float | None = None
