"""A synchronous front for programs without asyncio, such as OpenCV loops. It runs the client on a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from .client import Client
from .events import ClientError, Reply, Result, Skipped, State

_Event = TypeVar("_Event")
_Value = TypeVar("_Value")


class SyncClient:
    """A stream of frames to one pipeline. Use it with ``with``.

    If several threads send frames, a frame may replace another thread's waiting frame, which is then skipped.
    """

    def __init__(self, url: str, pipeline: str, **limits: Any) -> None:  # noqa: ANN401 (checked by `Client`)
        """Set up the client; it connects on ``with``. Takes the same limits as :class:`framegate_client.Client`.

        Raises ``ValueError`` for an invalid address or limit.
        """
        self._client = Client(url, pipeline, **limits)
        self._latest: Result | None = None
        self._client.on(Result, self._keep)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> SyncClient:
        """Start the thread, and start connecting."""
        self._loop = asyncio.new_event_loop()
        # A daemon, so that a program that never leaves the `with` block can still exit.
        self._thread = threading.Thread(target=self._loop.run_forever, name="framegate-client", daemon=True)
        self._thread.start()
        self._run(self._client.__aenter__())
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection, and end the thread."""
        self.close()

    @property
    def state(self) -> State:
        """The state of the connection."""
        return self._client.state

    @property
    def error(self) -> ClientError | None:
        """Why the client is closed; ``None`` until then."""
        return self._client.error

    @property
    def in_flight(self) -> int:
        """Frames that were sent and have no reply yet."""
        return self._client.in_flight

    @property
    def fps(self) -> float:
        """The current rate limit in frames per second."""
        return self._client.fps

    @property
    def latest(self) -> Result | None:
        """The newest result; ``None`` until there is one."""
        return self._latest

    def on(self, kind: type[_Event], listener: Callable[[_Event], object]) -> Callable[[], None]:
        """Call ``listener`` on every event of this class, on the client's thread. @returns a function that removes it.

        A listener must return quickly, and must not call methods that wait.
        """
        return self._client.on(kind, listener)

    def send(self, frame: bytes, timeout_s: float | None = None) -> Reply:
        """Send a frame as soon as the rate allows, and wait for its reply.

        Without a connection, it waits for one. After ``timeout_s``, a frame that could not be sent is skipped.
        Raises ``ClientError`` when the client is closed, and ``TypeError`` for text.
        """
        return self._run(self._send(frame, timeout_s))

    def offer(self, frame: bytes) -> Result | None:
        """Hand over a frame without waiting for its reply. @returns the newest result so far.

        The frame is sent as soon as the rate allows, unless a newer one replaces it. Without a connection, it is
        skipped. Raises ``ClientError`` when the client is closed, and ``TypeError`` for text.
        """
        self._run(self._offer(frame))
        return self._latest

    def ready(self, timeout_s: float | None = None) -> bool:
        """Wait until a frame would be sent immediately: the right moment to capture one. @returns False on a timeout.

        With ``timeout_s=0``, it does not wait. Raises ``ClientError`` when the client is closed.
        """
        return self._run(_within(self._client.ready, timeout_s))

    def opened(self) -> None:
        """Wait until the connection is open.

        Raises ``ClientError`` when the attempt fails; the client keeps trying.
        """
        self._run(self._client.opened())

    def close(self) -> None:
        """Close the connection, and end the thread. Frames without a reply are lost with the code ``closed``."""
        loop, thread = self._loop, self._thread
        if loop is None or thread is None:
            return
        self._run(self._client.close())
        # One turn of the loop, so that a `send` in another thread gets its outcome.
        self._run(asyncio.sleep(0))
        self._loop = self._thread = None
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    async def _send(self, frame: bytes, timeout_s: float | None) -> Reply:
        if not await _within(self._client.ready, timeout_s):
            return Skipped(frame)
        return await self._client.send(frame).reply

    async def _offer(self, frame: bytes) -> None:
        if self._client.error is not None:
            raise self._client.error
        self._client.send(frame)

    def _keep(self, result: Result) -> None:
        self._latest = result

    def _run(self, work: Coroutine[Any, Any, _Value]) -> _Value:
        """Run a coroutine on the client's thread, and wait for it."""
        loop = self._loop
        if loop is None or threading.current_thread() is self._thread:
            work.close()
            if self.error is not None:
                raise self.error
            message = "use the client inside `with`, and not in a listener"
            raise RuntimeError(message)
        return asyncio.run_coroutine_threadsafe(work, loop).result()


async def _within(work: Callable[[], Coroutine[Any, Any, None]], timeout_s: float | None) -> bool:
    """Run a coroutine for a limited time. @returns whether it ended. Not `wait_for`: with 0 it would not start it."""
    task = asyncio.ensure_future(work())
    try:
        await asyncio.wait([task], timeout=timeout_s)
        if not task.done():
            return False
        task.result()
        return True
    finally:
        task.cancel()


connect = SyncClient

__all__ = ["SyncClient", "connect"]
