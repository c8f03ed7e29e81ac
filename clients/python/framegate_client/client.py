"""The client of a stream: connects, controls the frame rate, settles every frame and reconnects."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from .congestion_window import CongestionWindow
from .events import ClientError, FrameSent, Reply, Result, Skipped, SlowDown, State, StateChange
from .retries import Retries
from .session import Sent, Session, now_ms

_log = logging.getLogger("framegate_client")

_STREAM_PATH = "/ws/video/stream"

_Event = TypeVar("_Event")


class Client:
    """A stream of frames to one pipeline. Use it with ``async with``, in one event loop."""

    def __init__(  # noqa: PLR0913
        self,
        url: str,
        pipeline: str,
        *,
        camera: str | None = None,
        token: str | None = None,
        max_in_flight: int = 8,
        max_fps: float = 30,
        adapt: bool = True,
        timeout_ms: float = 10_000,
        max_attempts: float = math.inf,
    ) -> None:
        """Set up the client; it connects on ``async with``.

        ``camera`` names the camera for whoever runs the gateway. A gateway with tokens needs ``token``. With ``adapt``
        the rate adapts to the gateway's capacity; without it, only ``max_in_flight`` and ``max_fps`` limit it.
        ``timeout_ms`` applies to connecting and to each reply; it must be longer than the gateway's
        ``STREAM_FRAME_TIMEOUT_MS``. ``max_attempts`` is the maximum number of consecutive sessions without a result.
        Raises ``ValueError`` for an invalid address or limit.
        """
        for name, count in (("max_in_flight", max_in_flight), ("max_attempts", max_attempts)):
            if not count >= 1:
                message = f"{name} must be at least 1"
                raise ValueError(message)
        for name, value in (("max_fps", max_fps), ("timeout_ms", timeout_ms)):
            if not value > 0:
                message = f"{name} must be above 0"
                raise ValueError(message)
        self._url = _stream_url(url, pipeline, camera)
        self._token = token
        self._new_window: Callable[[], CongestionWindow] = lambda: CongestionWindow(max_in_flight, max_fps, adapt=adapt)
        self._timeout_ms = timeout_ms
        # Survives a move, so that the next session goes on at the same rate.
        self._window = self._new_window()
        self._retries = Retries(max_attempts)
        self._opened_at_ms = 0.0
        self._state: State = "connecting"
        self._session = self._new_session()
        self._listeners: dict[type, list[Callable[..., object]]] = {}
        self._held: Sent | None = None
        self._ready: list[asyncio.Future[None]] = []
        self._opened: list[asyncio.Future[None]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._error: ClientError | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Client:
        """Start connecting."""
        self._task = asyncio.get_running_loop().create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connection."""
        await self.close()

    @property
    def state(self) -> State:
        """The state of the connection."""
        return self._state

    @property
    def error(self) -> ClientError | None:
        """Why the client is closed; ``None`` until then."""
        return self._error if self._state == "closed" else None

    @property
    def in_flight(self) -> int:
        """Frames that were sent and have no reply yet."""
        return self._window.in_flight if self._state == "open" else 0

    @property
    def fps(self) -> float:
        """The current rate limit in frames per second."""
        return self._window.fps

    def on(self, kind: type[_Event], listener: Callable[[_Event], object]) -> Callable[[], None]:
        """Call ``listener`` on every event of this class. @returns a function that removes it."""
        listeners = self._listeners.setdefault(kind, [])
        listeners.append(listener)
        return lambda: listeners.remove(listener)

    def send(self, frame: bytes) -> Sent:
        """Send a frame now, or as soon as the rate allows.

        It replaces a frame that is still waiting, which is skipped. Without a connection, the frame itself is skipped.
        Raises ``TypeError`` for text, which would end the session.
        """
        if not isinstance(frame, (bytes, bytearray, memoryview)):
            message = "frame must be binary"
            raise TypeError(message)
        item = self._sent_of(bytes(frame))
        self._skip()
        self._held = item
        if self._state == "open":
            self._pump()
        else:
            self._skip()
        return item

    async def ready(self) -> None:
        """Wait until a frame would be sent immediately: the right moment to capture one.

        Raises ``ClientError`` when the client is closed.
        """
        async with self._waiter(self._ready) as waiter:
            self._pump()
            await waiter

    async def opened(self) -> None:
        """Wait until the connection is open.

        Raises ``ClientError`` when the attempt fails; the client keeps trying.
        """
        if self._state != "open":
            async with self._waiter(self._opened) as waiter:
                await waiter

    async def close(self) -> None:
        """Close the connection; frames without a reply are lost with the code ``closed``."""
        if self._state == "closed":
            return
        self._finish(ClientError("closed", "The client was closed"))
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    @asynccontextmanager
    async def _waiter(self, waiters: list[asyncio.Future[None]]) -> AsyncIterator[asyncio.Future[None]]:
        """Add a future to a list. A caller that stops waiting must not leave it there."""
        if self._state == "closed" and self._error is not None:
            raise self._error
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiters.append(waiter)
        try:
            yield waiter
        finally:
            if waiter in waiters:
                waiters.remove(waiter)

    def _new_session(self) -> Session:
        return Session(self._window, self._timeout_ms, self._pump, lambda: self._emit(SlowDown(self.fps)))

    async def _run(self) -> None:
        try:
            await self._run_sessions()
        except Exception as error:
            # Even after an unexpected error, no caller may be left waiting.
            _log.exception("client failed")
            self._finish(ClientError("closed", f"The client failed: {error!r}"))

    async def _run_sessions(self) -> None:
        while self._state != "closed":
            self._set_state("connecting")
            self._session = self._new_session()
            error = await self._session.run(self._url, self._token, self._on_open)
            retry_in_ms = self._ended(error)
            if retry_in_ms is not None:
                await asyncio.sleep(retry_in_ms / 1000)

    def _on_open(self) -> None:
        self._opened_at_ms = now_ms()
        self._set_state("open")
        _resolve(self._opened)
        self._pump()

    def _ended(self, error: ClientError) -> float | None:
        """Retry or give up. @returns milliseconds until the next attempt; ``None`` after giving up."""
        self._error = error
        is_move = self._session.is_move
        if is_move:
            self._window.moved()
        elif self._state == "open":
            self._window = self._new_window()
        retry_in_ms = (
            self._retries.moved(now_ms() - self._opened_at_ms) if is_move else self._retries.failed(error.code)
        )
        if retry_in_ms is None:
            _log.error("%s; giving up", error)
            self._finish(error)
        else:
            _log.log(logging.INFO if is_move else logging.WARNING, "%s; retrying in %.1f s", error, retry_in_ms / 1000)
            self._set_state("waiting", retry_in_ms)
            self._skip()
            _resolve(self._opened, error)
        self._emit(error)
        return retry_in_ms

    def _finish(self, error: ClientError) -> None:
        self._error = error
        if self._timer is not None:
            self._timer.cancel()
        self._set_state("closed")
        self._skip()
        _resolve(self._opened, error)
        _resolve(self._ready, error)

    def _pump(self) -> None:
        """Send the held frame if it may be sent, otherwise set a timer."""
        if self._state != "open":
            return
        if self._timer is not None:
            self._timer.cancel()
        wait_ms = self._session.wait_ms()
        if wait_ms > 0:
            if wait_ms < math.inf and (self._held is not None or self._ready):
                self._timer = asyncio.get_running_loop().call_later(wait_ms / 1000, self._pump)
        elif self._held is None:
            _resolve(self._ready)
        else:
            item, self._held = self._held, None
            self._emit(FrameSent(item.frame, self._session.send(item)))
            self._pump()

    def _sent_of(self, frame: bytes) -> Sent:
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

        def settle(reply: Reply) -> None:
            if isinstance(reply, Result):
                self._retries.succeeded()
            self._emit(reply)
            if not future.done():
                future.set_result(reply)

        return Sent(frame, future, settle)

    def _skip(self) -> None:
        item, self._held = self._held, None
        if item is not None:
            item.settle(Skipped(item.frame))

    def _set_state(self, state: State, retry_in_ms: float | None = None) -> None:
        self._state = state
        self._emit(StateChange(state, retry_in_ms))

    def _emit(self, event: Reply | FrameSent | SlowDown | StateChange | ClientError) -> None:
        for listener in list(self._listeners.get(type(event), [])):
            try:
                listener(event)
            except Exception:
                _log.exception("listener raised an exception")


def _resolve(waiters: list[asyncio.Future[None]], error: ClientError | None = None) -> None:
    """End the wait, with an exception if there is an error."""
    for waiter in waiters:
        if not waiter.done():
            waiter.set_result(None) if error is None else waiter.set_exception(error)
    waiters.clear()


def _stream_url(address: str, pipeline: str, camera: str | None = None) -> str:
    """Append the stream's path to an address that ends with ``/``; any other path is used as is."""
    parts = urlsplit(address)
    scheme = parts.scheme.replace("http", "ws")
    if scheme not in ("ws", "wss") or not parts.hostname:
        message = f"{parts.scheme}://{parts.hostname or ''} is not a ws:// or wss:// address"
        raise ValueError(message)
    own = {"pipeline_id": pipeline} if camera is None else {"pipeline_id": pipeline, "camera": camera}
    query = [(key, value) for key, value in parse_qsl(parts.query) if key not in own]
    query.extend(own.items())
    path = parts.path or "/"
    if path.endswith("/") and not path.endswith(_STREAM_PATH + "/"):
        path = path[:-1] + _STREAM_PATH
    return urlunsplit((scheme, parts.netloc, path, urlencode(query), ""))
