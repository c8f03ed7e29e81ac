"""What the tests share: pictures, and waiting for events."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from framegate_client import Client

_Event = TypeVar("_Event")

# A picture 100 pixels wide, which the pipeline `by_width` takes 100 ms for, and one of 16. The caller makes them.
_FOLDER = Path(os.environ["FRAMEGATE_FRAMES"])
SLOW = (_FOLDER / "slow.jpg").read_bytes()
QUICK = (_FOLDER / "quick.jpg").read_bytes()


def collect(client: Client, kind: type[_Event]) -> list[_Event]:
    """Keep every event of a class."""
    events: list[_Event] = []
    client.on(kind, events.append)
    return events


async def until(done: Callable[[], bool]) -> None:
    """Wait for something that the events will bring about."""
    async with asyncio.timeout(60):
        while not done():  # noqa: ASYNC110 (many things are waited for, and no test for long)
            await asyncio.sleep(0.005)
