"""One connection: numbers the frames, matches each with its reply, and ends once, with a reason."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.protocol import State

from .congestion_window import CongestionWindow, SentFrame
from .events import ClientError, Dropped, Lost, Reply, Result

_KEYS = ("result", "dropped", "warning")
# Close code of a gateway that asks the client to connect again, and the reasons with which it has answered every frame
# that it received. Frames without a reply crossed the close on their way, and were not taken.
_GOING_AWAY = 1001
_MOVE_REASONS = ("session age", "shutdown")
# Timeout for the closing handshake.
_CLOSE_TIMEOUT_S = 1
# The longest frame timeout that a gateway can have.
_MAX_SERVICE_MS = 3_600_000


def now_ms() -> float:
    """Monotonic milliseconds."""
    return time.monotonic() * 1000


@dataclass(eq=False)
class Sent:
    """A frame passed to the client."""

    frame: bytes
    reply: asyncio.Future[Reply]
    """Settles with the outcome of the frame; never raises."""
    settle: Callable[[Reply], None]
    index: int | None = None
    """Its ``frame_index`` in the current connection; ``None`` until it is sent."""
    sent_frame: SentFrame | None = None


class Session:
    """One connection to a gateway."""

    def __init__(
        self,
        window: CongestionWindow,
        timeout_ms: float,
        on_change: Callable[[], None],
        on_slow_down: Callable[[], None],
    ) -> None:
        """Call ``on_change`` whenever the next frame may be allowed, ``on_slow_down`` for each ``slow_down``."""
        self.window = window
        self._timeout_ms = timeout_ms
        self._on_change = on_change
        self._on_slow_down = on_slow_down
        self._socket: ClientConnection | None = None
        self._pending: dict[int, Sent] = {}
        self._frames = 0
        self._write: asyncio.Task[None] | None = None
        self.is_move = False
        """Whether it has ended because the gateway asked the client to connect again."""
        self._is_answered = False

    def wait_ms(self) -> float:
        """Like :meth:`CongestionWindow.wait_ms`, but infinite while the last frame is still being written."""
        if self._socket is None or self._write is not None or self._socket.state is not State.OPEN:
            return float("inf")
        return self.window.wait_ms(now_ms())

    def send(self, item: Sent) -> int:
        """Send a frame. @returns its index."""
        index = self._frames
        self._frames += 1
        item.index = index
        item.sent_frame = self.window.sent(now_ms())
        self._pending[index] = item
        self._write = asyncio.get_running_loop().create_task(self._write_frame(item.frame))
        return index

    async def run(self, url: str, token: str | None, opened: Callable[[], None]) -> ClientError:
        """Connect, and receive until the end. @returns why it ended, after every pending frame was settled."""
        timeout_s = self._timeout_ms / 1000
        try:
            socket = await connect(
                url,
                additional_headers=None if token is None else {"Authorization": f"Bearer {token}"},
                open_timeout=timeout_s,
                close_timeout=_CLOSE_TIMEOUT_S,
                max_size=None,
                compression=None,
            )
        except asyncio.TimeoutError:
            return ClientError("unreachable", f"No connection within {self._timeout_ms:g} ms")
        except (OSError, WebSocketException) as cause:
            return ClientError("unreachable", _without_token(f"{cause}{_detail_of(cause)}"))
        self._socket = socket
        error = ClientError("closed", "The client was closed")
        try:
            opened()
            error = await self._receive(socket)
            return error
        finally:
            self._socket = None
            self._settle_all(error)
            if self._write is not None:
                self._write.cancel()
            await socket.close()

    async def _receive(self, socket: ClientConnection) -> ClientError:
        while True:
            try:
                message = await self._next_message(socket)
            except ConnectionClosed as closed:
                return self._closed(closed)
            if message is None:
                return ClientError("timed_out", f"No reply within {self._timeout_ms:g} ms")
            error = self._received(message)
            if error is not None:
                return error

    def _closed(self, closed: ConnectionClosed) -> ClientError:
        code, reason = (1006, "") if closed.rcvd is None else (closed.rcvd.code, closed.rcvd.reason)
        self.is_move = code == _GOING_AWAY
        self._is_answered = self.is_move and reason in _MOVE_REASONS
        return ClientError("closed", f"Connection closed ({code}{reason and f', {reason}'})")

    async def _next_message(self, socket: ClientConnection) -> str | bytes | None:
        """Wait for a message. @returns ``None`` if the oldest frame has timed out first."""
        # Not `wait_for`: before Python 3.12 it loses a cancellation when a message arrives at the same moment, and
        # `close` would hang. `asyncio.timeout` needs Python 3.11.
        receiving = asyncio.ensure_future(socket.recv())
        try:
            while True:
                await asyncio.wait([receiving], timeout=max(0, self._left_ms()) / 1000)
                if receiving.done():
                    return receiving.result()
                if self._left_ms() <= 0:
                    return None
        finally:
            receiving.cancel()

    def _left_ms(self) -> float:
        """Return the time until the oldest frame times out; replies arrive almost in order, so that is enough."""
        oldest = next(iter(self._pending.values()), None)
        sent_at_ms = now_ms() if oldest is None or oldest.sent_frame is None else oldest.sent_frame.sent_at_ms
        return sent_at_ms + self._timeout_ms - now_ms()

    def _received(self, text: str | bytes) -> ClientError | None:
        message = _parse(text)
        if message is None:
            return ClientError("invalid_reply", "The peer is not a framegate gateway")
        if "error" in message:
            return ClientError(message["error"], message["detail"])
        if "warning" in message:
            self.window.slow_down(now_ms())
            self._on_slow_down()
        else:
            self._settle(message)
        self._on_change()
        return None

    def _settle(self, message: dict[str, Any]) -> None:
        index = message.get("frame_index")
        item = self._pending.pop(index, None) if isinstance(index, int) else None
        if item is None or item.sent_frame is None or item.index is None:
            return
        at_ms = now_ms()
        round_trip_ms = at_ms - item.sent_frame.sent_at_ms
        if "result" in message:
            self.window.result(item.sent_frame, at_ms, _service_ms(message["result"]))
            item.settle(Result(item.frame, item.index, message["result"], round_trip_ms))
        else:
            self.window.dropped(item.sent_frame, at_ms)
            item.settle(Dropped(item.frame, item.index, round_trip_ms))

    def _settle_all(self, error: ClientError) -> None:
        for index, item in self._pending.items():
            sent_at_ms = now_ms() if item.sent_frame is None else item.sent_frame.sent_at_ms
            dropped = Dropped(item.frame, index, now_ms() - sent_at_ms)
            item.settle(dropped if self._is_answered else Lost(item.frame, index, error))
        self._pending.clear()

    async def _write_frame(self, frame: bytes) -> None:
        socket = self._socket
        try:
            if socket is not None:
                await socket.send(frame)
        except ConnectionClosed:
            # The receiving side detects this too, and reports the reason.
            return
        finally:
            self._write = None
        self._on_change()


def _service_ms(result: object) -> float:
    timings = result.get("timings_ms") if isinstance(result, dict) else None
    total = timings.get("total") if isinstance(timings, dict) else None
    # Python's JSON accepts NaN and Infinity, which would corrupt every average.
    return float(total) if isinstance(total, (int, float)) and 0 <= total <= _MAX_SERVICE_MS else 0.0


def _detail_of(error: Exception) -> str:
    """Find the gateway's ``detail`` for a rejected upgrade. @returns it in parentheses, or an empty string."""
    body = error.response.body if isinstance(error, InvalidStatus) else None
    try:
        response = json.loads(body or b"")
    except (ValueError, RecursionError):
        return ""
    detail = response.get("detail") if isinstance(response, dict) else None
    return f" ({detail})" if isinstance(detail, str) else ""


def _without_token(text: str) -> str:
    """Remove a token from the addresses that the library quotes in its errors."""
    return re.sub(r"([?&]token=)[^&\s]*", r"\1***", text)


def _parse(text: str | bytes) -> dict[str, Any] | None:
    """Parse a message. @returns None for anything that is not a gateway message."""
    if isinstance(text, bytes):
        return None
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict):
        return None
    if "error" in message:
        return message if all(isinstance(message.get(key), str) for key in ("error", "detail")) else None
    return message if any(key in message for key in _KEYS) else None
