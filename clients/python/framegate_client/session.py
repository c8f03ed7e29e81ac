"""One connection: numbers the frames, pairs each with its reply, and ends once, with a reason."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from .events import ClientError, Dropped, Lost, Reply, Result
from .pace import Departure, Pace

_KEYS = ("result", "dropped", "warning")
# How long the closing handshake may take with a peer that is being left.
_CLOSE_TIMEOUT_S = 1
# No gateway gives a frame more time.
_LONGEST_SERVICE_MS = 3_600_000


def now_ms() -> float:
    """Monotonic milliseconds."""
    return time.monotonic() * 1000


@dataclass(eq=False)
class Sent:
    """A frame that was given to the client."""

    frame: bytes
    reply: "asyncio.Future[Reply]"
    """Settles with what became of the frame; it never raises."""
    settle: Callable[[Reply], None]
    index: int | None = None
    """Its ``frame_index`` in the current connection; ``None`` until it has left."""
    departure: Departure | None = None


class Session:
    """One connection to a gateway."""

    def __init__(self, pace: Pace, timeout_ms: float, changed: Callable[[], None], slowed: Callable[[], None]) -> None:
        """Call ``changed`` whenever the next frame may perhaps go, ``slowed`` when the gateway asks for less."""
        self.pace = pace
        self._timeout_ms = timeout_ms
        self._changed = changed
        self._slowed = slowed
        self._socket: ClientConnection | None = None
        self._pending: dict[int, Sent] = {}
        self._frames = 0
        self._write: asyncio.Task[None] | None = None

    def wait_ms(self) -> float:
        """As :meth:`Pace.wait_ms`; while the last frame has not left, the end of its write is waited for."""
        if self._socket is None or self._write is not None:
            return float("inf")
        return self.pace.wait_ms(now_ms())

    def send(self, item: Sent) -> int:
        """Send a frame. @returns its index."""
        index = self._frames
        self._frames += 1
        item.index = index
        item.departure = self.pace.sent(now_ms())
        self._pending[index] = item
        self._write = asyncio.get_running_loop().create_task(self._write_frame(item.frame))
        return index

    async def run(self, url: str, opened: Callable[[], None]) -> ClientError:
        """Connect, and receive until the end. @returns why it ended, after every pending frame was settled."""
        timeout_s = self._timeout_ms / 1000
        try:
            socket = await connect(
                url, open_timeout=timeout_s, close_timeout=_CLOSE_TIMEOUT_S, max_size=None, compression=None
            )
        except TimeoutError:
            return ClientError("unreachable", f"No connection within {self._timeout_ms:g} ms")
        except (OSError, WebSocketException) as fault:
            return ClientError("unreachable", f"{fault}{_detail_of(fault)}")
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
                # Not `wait_for`: before Python 3.12 it forgets that it was cancelled when a message comes in the
                # same moment, and `close` would wait for ever.
                async with asyncio.timeout(self._left_ms() / 1000):
                    message = await socket.recv()
            except TimeoutError:
                if self._left_ms() > 0:
                    continue
                return ClientError("timed_out", f"No reply within {self._timeout_ms:g} ms")
            except ConnectionClosed as closed:
                code = 1006 if closed.rcvd is None else closed.rcvd.code
                return ClientError("closed", f"The connection ended ({code})")
            error = self._received(message)
            if error is not None:
                return error

    def _left_ms(self) -> float:
        """Until the oldest frame has waited for too long; replies come almost in order, so it speaks for all."""
        oldest = next(iter(self._pending.values()), None)
        sent_at_ms = now_ms() if oldest is None or oldest.departure is None else oldest.departure.sent_at_ms
        return sent_at_ms + self._timeout_ms - now_ms()

    def _received(self, text: str | bytes) -> ClientError | None:
        message = _parse(text)
        if message is None:
            return ClientError("invalid_reply", "The peer does not answer as a gateway does")
        if "error" in message:
            return ClientError(message["error"], message["detail"])
        if "warning" in message:
            self.pace.slow_down(now_ms())
            self._slowed()
        else:
            self._settle(message)
        self._changed()
        return None

    def _settle(self, message: dict[str, Any]) -> None:
        index = message.get("frame_index")
        item = self._pending.pop(index, None) if isinstance(index, int) else None
        if item is None or item.departure is None or item.index is None:
            return
        at_ms = now_ms()
        round_trip_ms = at_ms - item.departure.sent_at_ms
        if "result" in message:
            self.pace.result(item.departure, at_ms, _service_ms(message["result"]))
            item.settle(Result(item.frame, item.index, message["result"], round_trip_ms))
        else:
            self.pace.dropped(item.departure, at_ms)
            item.settle(Dropped(item.frame, item.index, round_trip_ms))

    def _settle_all(self, error: ClientError) -> None:
        for index, item in self._pending.items():
            item.settle(Lost(item.frame, index, error))
        self._pending.clear()

    async def _write_frame(self, frame: bytes) -> None:
        socket = self._socket
        try:
            if socket is not None:
                await socket.send(frame)
        except ConnectionClosed:
            # Whoever receives learns of it too, and says why.
            return
        finally:
            self._write = None
        self._changed()


def _service_ms(result: object) -> float:
    timings = result.get("timings_ms") if isinstance(result, dict) else None
    total = timings.get("total") if isinstance(timings, dict) else None
    # Python's JSON has numbers without end, NaN among them, which would spoil every average that they enter.
    return float(total) if isinstance(total, int | float) and 0 <= total <= _LONGEST_SERVICE_MS else 0.0


def _detail_of(fault: Exception) -> str:
    """Find what a gateway says of a request that it did not upgrade. @returns it in brackets, or nothing."""
    body = fault.response.body if isinstance(fault, InvalidStatus) else None
    try:
        answer = json.loads(body or b"")
    except (ValueError, RecursionError):
        return ""
    detail = answer.get("detail") if isinstance(answer, dict) else None
    return f" ({detail})" if isinstance(detail, str) else ""


def _parse(text: str | bytes) -> dict[str, Any] | None:
    """Read a message. @returns None for what no gateway would say."""
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
