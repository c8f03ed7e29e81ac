"""Decides when the next frame may go, from what became of those before it. Pure: time comes in.

The same rules as ``src/client/pace.ts``, number for number; a test runs both and compares.
"""

import math
from dataclasses import dataclass

# What is left of the window after a drop that its size is to blame for, or after replies that come late.
_DECREASE = 0.7
# Clean results in a row after which the window grows again: at most one frame in so many is lost to asking for more.
_PATIENCE = 24
# By how much more the window grows with each further clean result, and by how much in one round trip at most.
_ACCELERATION = 0.02
_GROWTH = 0.5
# Below a window of one others hold the workers: a drop leaves so much of it, a result adds so much.
_SHARED_DECREASE = 0.9
_SHARED_GROWTH = 0.02
# So many clean results, and each as many more, double that growth, treble it, and so on: the others may have gone.
_SHARED_PATIENCE = 8
# After a drop with nothing else in flight the next frame goes after this part of a round trip, then after longer.
_FIRST_RETRY = 0.5
_RETRY_FACTOR = 1.5
# However bad it is, a frame goes this often: nothing else would tell that it is better.
_LONGEST_GAP_MS = 1000.0
# A round trip, until one was seen.
_ASSUMED_ROUND_TRIP_MS = 100.0
# Weight of the newest value in smoothed times.
_SMOOTHING = 0.2
# A part of the window smaller than this is not worth a timer.
_LEAST_PART = 0.05
# Replies may be this late without anything standing in line.
_LATENESS_ALLOWED_MS = 20.0


@dataclass(frozen=True)
class Departure:
    """A frame on its way: what has to be known of it when its reply comes."""

    sent_at_ms: float
    before: int
    """Frames that were in flight already when it went."""


def _smooth(average: float, value: float) -> float:
    return value if average == 0 else average + _SMOOTHING * (value - average)


class Pace:
    """A congestion window, as TCP has one, for a server without a queue.

    ``src/client/pace.ts`` says why each rule is there.
    """

    def __init__(self, max_in_flight: int, max_fps: float, *, adapt: bool = True) -> None:
        """Start with a window of one frame. Without ``adapt`` only the two limits hold."""
        self._max_in_flight = max_in_flight
        self._max_fps = max_fps
        self._adapt = adapt
        self._window = 1.0
        self._in_flight = 0
        self._round_trip_ms = 0.0
        self._service_ms = 0.0
        self._way_ms = 0.0
        self._clean: float = _PATIENCE + _GROWTH / _ACCELERATION
        self._proven = 1.0
        self._last_step = 0.0
        self._refusals = 0
        self._sent_at_ms = -math.inf
        self._slot_at_ms = -math.inf
        self._decreased_at_ms = -math.inf

    @property
    def in_flight(self) -> int:
        """Frames without a reply."""
        return self._in_flight

    @property
    def round_trip_ms(self) -> float:
        """Smoothed time from a frame to its result."""
        return self._round_trip_ms or _ASSUMED_ROUND_TRIP_MS

    @property
    def fps(self) -> float:
        """Frames a second that the window allows now."""
        return min(self._max_fps, 1000 * self._window / self.round_trip_ms) if self._adapt else self._max_fps

    def wait_ms(self, now_ms: float) -> float:
        """Milliseconds until the next frame may go: 0 when it may now, infinity when only a reply can change it."""
        if self._in_flight > self._max_in_flight - 1:
            return math.inf
        gap_ms = self._gap_ms() if self._adapt else 0.0
        if gap_ms == math.inf:
            return math.inf
        slot_ms = self._slot_at_ms + 1000 / self._max_fps
        return max(0.0, slot_ms - now_ms, self._sent_at_ms + min(gap_ms, _LONGEST_GAP_MS) - now_ms)

    def _gap_ms(self) -> float:
        """Time that the window leaves between the last frame and the next; infinity when it is full."""
        whole = math.floor(self._window)
        if self._in_flight > whole:
            return math.inf
        if self._refusals > 0 and self._in_flight == 0:
            # Long before the power would leave the range of a number the gap is at its longest.
            return self.round_trip_ms * _FIRST_RETRY * _RETRY_FACTOR ** min(self._refusals - 1, 1000)
        if self._refusals == 0 and self._in_flight < whole:
            return 0.0
        is_worth_a_timer = whole == 0 or self._window - whole >= _LEAST_PART
        return self.round_trip_ms / self._window if is_worth_a_timer else math.inf

    def sent(self, now_ms: float) -> Departure:
        """Count a frame that goes."""
        slot_ms = 1000 / self._max_fps
        self._slot_at_ms = max(self._slot_at_ms + slot_ms, now_ms - slot_ms)
        self._sent_at_ms = now_ms
        departure = Departure(now_ms, self._in_flight)
        self._in_flight += 1
        return departure

    def result(self, frame: Departure, now_ms: float, service_ms: float) -> None:
        """Count a result. ``service_ms`` is how long the gateway worked on it, by its own account."""
        trip_ms = now_ms - frame.sent_at_ms
        is_full = self._in_flight > self._window - 1
        self._in_flight -= 1
        self._refusals = 0
        self._clean += 1
        self._round_trip_ms = _smooth(self._round_trip_ms, trip_ms)
        self._service_ms = _smooth(self._service_ms, service_ms)
        late = self._is_late(trip_ms - service_ms)
        if self._window < 1:
            streak = 1 + math.floor(self._clean / _SHARED_PATIENCE)
            self._window = min(1.0, self._window + _SHARED_GROWTH * streak)
        elif late:
            self._clean = 0
            if self._may_decrease(frame, now_ms):
                self._window = max(1.0, self._window * _DECREASE)
        elif is_full:
            self._grow()

    def dropped(self, frame: Departure, now_ms: float) -> None:
        """Count a frame that the gateway did not take."""
        grew = self._clean > _PATIENCE
        self._in_flight -= 1
        self._refusals += 1
        self._clean = 0
        if not self._may_decrease(frame, now_ms):
            return
        if frame.before == 0:
            self._yield(min(1.0, self._window))
        else:
            back = max(self._proven, self._window - 2 * self._last_step) if grew else self._window * _DECREASE
            self._window = max(back, min(self._window, frame.before))

    def slow_down(self, now_ms: float) -> None:
        """Heed the gateway, which says that too many were dropped of late."""
        self._clean = 0
        self._decreased_at_ms = now_ms
        self._yield(self._window)

    def _grow(self) -> None:
        if self._clean <= _PATIENCE:
            self._proven = self._window
            return
        self._last_step = min(_GROWTH, _ACCELERATION * (self._clean - _PATIENCE)) / self._window
        self._window = min(float(self._max_in_flight), self._window + self._last_step)

    def _yield(self, window: float) -> None:
        self._window = max(window * _SHARED_DECREASE, self.round_trip_ms / _LONGEST_GAP_MS)

    def _is_late(self, way_ms: float) -> bool:
        self._way_ms = min(self._way_ms, way_ms) if self._window > 1 else _smooth(self._way_ms, way_ms)
        return self._window > 1 and way_ms > 2 * self._way_ms + self._service_ms + _LATENESS_ALLOWED_MS

    def _may_decrease(self, frame: Departure, now_ms: float) -> bool:
        if frame.sent_at_ms < self._decreased_at_ms:
            return False
        self._decreased_at_ms = now_ms
        return True
