"""Shared test support: frames, and waiting for events."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from framegate_client import Client

_Event = TypeVar("_Event")

# Longer than any test needs on a busy machine.
_MAX_WAIT_S = 60

# A frame 100 pixels wide, which takes the pipeline `by_width` 100 ms, and one of 16 pixels. The caller creates them.
_FOLDER = Path(os.environ["FRAMEGATE_FRAMES"])
SLOW = (_FOLDER / "slow.jpg").read_bytes()
QUICK = (_FOLDER / "quick.jpg").read_bytes()


def collect(client: Client, kind: type[_Event]) -> list[_Event]:
    """Collect every event of a class."""
    events: list[_Event] = []
    client.on(kind, events.append)
    return events


async def until(done: Callable[[], bool]) -> None:
    """Wait for a condition that events will fulfill."""
    end = time.monotonic() + _MAX_WAIT_S
    while not done():
        assert time.monotonic() < end, "the condition was not fulfilled in time"
        await asyncio.sleep(0.005)
