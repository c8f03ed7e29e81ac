"""A camera's side of the stream: connects, paces, settles every frame, and connects again."""

import asyncio
import logging
import math
import random
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from .events import ClientError, FrameSent, Reply, Result, Skipped, SlowDown, State, StateChange
from .pace import Pace
from .session import Sent, Session

_log = logging.getLogger("framegate_client")

_STREAM_PATH = "/ws/video/stream"
# The first wait before a new attempt is about this long, and each further one doubles it, up to the longest.
_FIRST_RETRY_MS = 250.0
_LONGEST_RETRY_MS = 15_000.0
# How many sessions in a row, without a result between, a code may end before the client gives up: codes that the next
# session would end with too, and codes that blame the frame. All others pass, and the client comes back for ever.
_MOST_IN_A_ROW = {
    "invalid_pipeline": 1,
    "invalid_message": 1,
    "invalid_reply": 1,
    "invalid_frame": 3,
    "frame_too_large": 3,
}

_Event = TypeVar("_Event")


class Client:
    """A stream of frames to one pipeline. Use it with ``async with``, in one event loop."""

    def __init__(  # noqa: PLR0913
        self,
        url: str,
        pipeline: str,
        *,
        max_in_flight: int = 8,
        max_fps: float = 30,
        adapt: bool = True,
        timeout_ms: float = 10_000,
        max_attempts: float = math.inf,
    ) -> None:
        """Set it up; nothing happens before ``async with``.

        With ``adapt`` it keeps to the gateway's pace; without, only ``max_in_flight`` and ``max_fps`` hold and the
        gateway drops the rest.
        ``timeout_ms`` is for opening a connection and for each reply: longer than the gateway's
        ``STREAM_FRAME_TIMEOUT_MS``. ``max_attempts`` sessions in a row may end without one result.
        Raises ``ValueError`` for a bad address or limit.
        """
        for name, count in (("max_in_flight", max_in_flight), ("max_attempts", max_attempts)):
            if not count >= 1:
                message = f"{name} must be at least 1"
                raise ValueError(message)
        for name, value in (("max_fps", max_fps), ("timeout_ms", timeout_ms)):
            if not value > 0:
                message = f"{name} must be above 0"
                raise ValueError(message)
        self._url = _stream_url(url, pipeline)
        self._new_pace: Callable[[], Pace] = lambda: Pace(max_in_flight, max_fps, adapt=adapt)
        self._timeout_ms = timeout_ms
        self._max_attempts = max_attempts
        self._state: State = "connecting"
        self._session = self._new_session()
        self._listeners: dict[type, list[Callable[..., object]]] = {}
        self._held: Sent | None = None
        self._ready: list[asyncio.Future[None]] = []
        self._opened: list[asyncio.Future[None]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._attempts = 0
        self._same_code = 0
        self._error: ClientError | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Client":
        """Begin to connect."""
        self._task = asyncio.get_running_loop().create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self.close()

    @property
    def state(self) -> State:
        """What the connection is doing."""
        return self._state

    @property
    def error(self) -> ClientError | None:
        """Why the client has given up; ``None`` while it has not."""
        return self._error if self._state == "closed" else None

    @property
    def in_flight(self) -> int:
        """Frames that have left and have no reply yet."""
        return self._session.pace.in_flight if self._state == "open" else 0

    @property
    def fps(self) -> float:
        """Frames a second that the client allows itself now."""
        return self._session.pace.fps

    def on(self, kind: type[_Event], listener: Callable[[_Event], object]) -> Callable[[], None]:
        """Call ``listener`` on every event of this class. @returns a function that ends it."""
        listeners = self._listeners.setdefault(kind, [])
        listeners.append(listener)
        return lambda: listeners.remove(listener)

    def send(self, frame: bytes) -> Sent:
        """Send a frame, now or as soon as the pace allows; a frame that still waits is skipped for it.

        Without a connection it is skipped itself. Raises ``TypeError`` for text, which would end the session.
        """
        if not isinstance(frame, bytes | bytearray | memoryview):
            message = "a frame is binary"
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
        """Wait until a frame would leave at once: then is the time to take the newest picture.

        Raises ``ClientError`` when the client is closed.
        """
        waiter = self._wait(self._ready)
        self._pump()
        await waiter

    async def opened(self) -> None:
        """Wait until the connection is open.

        Raises ``ClientError`` when the attempt fails; the client goes on trying.
        """
        if self._state != "open":
            await self._wait(self._opened)

    async def close(self) -> None:
        """End the connection; frames without a reply are lost with the code ``closed``."""
        if self._state == "closed":
            return
        self._finish(ClientError("closed", "The client was closed"))
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def _wait(self, waiters: list[asyncio.Future[None]]) -> asyncio.Future[None]:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._state == "closed" and self._error is not None:
            waiter.set_exception(self._error)
        else:
            waiters.append(waiter)
        return waiter

    def _new_session(self) -> Session:
        return Session(self._new_pace(), self._timeout_ms, self._pump, lambda: self._emit(SlowDown(self.fps)))

    async def _run(self) -> None:
        try:
            await self._run_sessions()
        except Exception as fault:
            # Whatever has gone wrong, nobody may be left waiting.
            _log.exception("the client failed")
            self._finish(ClientError("closed", f"The client failed: {fault!r}"))

    async def _run_sessions(self) -> None:
        while self._state != "closed":
            self._set_state("connecting")
            self._session = self._new_session()
            error = await self._session.run(self._url, self._on_open)
            retry_in_ms = self._ended(error)
            if retry_in_ms is not None:
                await asyncio.sleep(retry_in_ms / 1000)

    def _on_open(self) -> None:
        self._set_state("open")
        _resolve(self._opened)
        self._pump()

    def _ended(self, error: ClientError) -> float | None:
        """Go on or give up. @returns milliseconds until the next attempt."""
        self._attempts += 1
        self._same_code = self._same_code + 1 if self._error is not None and self._error.code == error.code else 1
        self._error = error
        hopeless = self._same_code >= _MOST_IN_A_ROW.get(error.code, math.inf)
        retry_in_ms: float | None = None
        if hopeless or self._attempts >= self._max_attempts:
            _log.error("%s; giving up", error)
            self._finish(error)
        else:
            longest_ms = min(_LONGEST_RETRY_MS, _FIRST_RETRY_MS * 2 ** min(self._attempts - 1, 30))
            # Cameras that lost the same gateway must not all come back at the same moment.
            retry_in_ms = longest_ms * (1 + random.random()) / 2
            _log.warning("%s; trying again in %.1f s", error, retry_in_ms / 1000)
            self._set_state("waiting", retry_in_ms)
            self._skip()
            _reject(self._opened, error)
        self._emit(error)
        return retry_in_ms

    def _finish(self, error: ClientError) -> None:
        self._error = error
        if self._timer is not None:
            self._timer.cancel()
        self._set_state("closed")
        self._skip()
        _reject(self._opened, error)
        _reject(self._ready, error)

    def _pump(self) -> None:
        """Let go what may go, and otherwise come back when it is time."""
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
                self._attempts = self._same_code = 0
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
                _log.exception("a listener failed")


def _resolve(waiters: list[asyncio.Future[None]]) -> None:
    for waiter in waiters:
        if not waiter.done():
            waiter.set_result(None)
    waiters.clear()


def _reject(waiters: list[asyncio.Future[None]], error: ClientError) -> None:
    for waiter in waiters:
        if not waiter.done():
            waiter.set_exception(error)
    waiters.clear()


def _stream_url(address: str, pipeline: str) -> str:
    """Take an address that ends with ``/`` as a base, to which the stream's path is added; another path stays."""
    parts = urlsplit(address)
    scheme = parts.scheme.replace("http", "ws")
    if scheme not in ("ws", "wss") or not parts.hostname:
        message = f"{address} is not an address of ws:// or wss://"
        raise ValueError(message)
    query = [(key, value) for key, value in parse_qsl(parts.query) if key != "pipeline_id"]
    query.append(("pipeline_id", pipeline))
    path = parts.path or "/"
    if path.endswith("/") and not path.endswith(_STREAM_PATH + "/"):
        path = path[:-1] + _STREAM_PATH
    return urlunsplit((scheme, parts.netloc, path, urlencode(query), ""))
