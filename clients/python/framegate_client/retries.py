"""Whether and when a client connects again after a session."""

from __future__ import annotations

import math
import random

# The first retry delay is about this long. It doubles with each failure, up to the maximum.
_MIN_RETRY_MS = 250.0
_MAX_RETRY_MS = 15_000.0
# How many consecutive sessions without a result may end with a code before the client gives up. The next session would
# fail the same way, or the frame is the cause. All other codes are temporary: the client reconnects without limit.
_FATAL_AFTER = {
    "invalid_pipeline": 1,
    **dict.fromkeys(("invalid_message", "unauthorized", "forbidden", "invalid_reply"), 1),
    "invalid_frame": 3,
    "frame_too_large": 3,
}


class Retries:
    """Counts consecutive sessions without a result."""

    def __init__(self, max_attempts: float) -> None:
        """Give up after ``max_attempts`` of them."""
        self._max_attempts = max_attempts
        self._attempts = 0
        self._same_code = 0
        self._last_code: str | None = None
        # Whether a gateway has asked to move since the last result.
        self._has_moved = False

    def succeeded(self) -> None:
        """Start over: a result has arrived."""
        self._attempts = self._same_code = 0
        self._has_moved = False

    def failed(self, code: str) -> float | None:
        """Count a session that ended or could not start. @returns ms until the next attempt; ``None`` to give up."""
        self._attempts += 1
        self._same_code = self._same_code + 1 if code == self._last_code else 1
        self._last_code = code
        if self._same_code >= _FATAL_AFTER.get(code, math.inf) or self._attempts >= self._max_attempts:
            return None
        delay_ms = min(_MAX_RETRY_MS, _MIN_RETRY_MS * 2.0 ** min(self._attempts - 1, 30))
        # Jitter: clients that lost the same gateway must not all reconnect at the same moment.
        return delay_ms * (1 + random.random()) / 2

    def moved(self, open_ms: float) -> float | None:
        """Record that a gateway has asked to move after ``open_ms``. @returns as :meth:`failed`.

        That is no failure, unless it happens again soon and without a result in between.
        """
        if self._has_moved and open_ms < _MAX_RETRY_MS:
            return self.failed("closed")
        self._has_moved = True
        self._last_code = "closed"
        return _MIN_RETRY_MS * random.random()
