"""Shared test support: frames, and waiting for events."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from framegate_client import Client

_Event = TypeVar("_Event")

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
    async with asyncio.timeout(60):
        while not done():  # noqa: ASYNC110 (the conditions vary, and no test waits for long)
            await asyncio.sleep(0.005)
