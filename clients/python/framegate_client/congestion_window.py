"""Decides when the next frame may go, from what became of those before it. Pure: time comes in.

The same rules as ``src/client/pace.ts``, number for number; a test runs both and compares.
"""

import math
from dataclasses import dataclass

# As much of a frame is kept waiting at the gateway, on average, so that a worker that is freed finds one.
_WAITING_FRAMES = 0.25
# In one round trip the window goes this part of its way there.
_GAIN = 0.6
# What a drop, or ``slow_down``, leaves of the window.
_DECREASE = 0.7
# So many results after a drop the window grows at full speed again: few frames are lost to asking for more.
_PATIENCE = 16
# It grows faster by up to this factor while nothing waits at all, as at the start: the edge is far.
_BOLDNESS = 4
# A reply may be late by so many mean deviations of the way, and by so many times the way: that is jitter.
_JITTER = 2
# The quickest way counts for so many results, or up to twice as many; a way that has become longer is known after them.
_WAY_RESULTS = 20
# A reply may have waited for the one before it alone, where it comes within this part of the usual time behind it.
_TOGETHER = 0.1
# However bad it is, a frame goes this often: nothing else would tell that it is better.
_LONGEST_GAP_MS = 1000.0
# A round trip, until one was seen.
_ASSUMED_ROUND_TRIP_MS = 100.0
# Weight of the newest value in smoothed times.
_SMOOTHING = 0.2
# A part of the window smaller than this is not worth a timer.
_LEAST_PART = 0.2


@dataclass(frozen=True)
class Departure:
    """A frame on its way: what has to be known of it when its reply comes."""

    sent_at_ms: float
    before: int
    """Frames that were in flight already when it went."""


def _smooth(average: float, value: float) -> float:
    return value if average == 0 else average + _SMOOTHING * (value - average)


class Pace:
    """A congestion window, as TCP Vegas has one: it is right when a little stands in line, wherever the line is.

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
        self._way_ms = 0.0
        self._deviation_ms = 0.0
        self._least_way_ms = math.inf
        self._older_least_way_ms = math.inf
        self._span_results = 0
        self._is_draining = False
        self._clean = _PATIENCE * _BOLDNESS**0.5
        self._result_at_ms = -math.inf
        self._sent_at_ms = -math.inf
        self._slot_at_ms = -math.inf
        self._cut_at_ms = -math.inf

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
        if self._is_draining and self._in_flight > 0:
            return math.inf
        if self._in_flight < whole:
            return 0.0
        is_full = self._in_flight > whole or (whole > 0 and self._window - whole < _LEAST_PART)
        return math.inf if is_full else self.round_trip_ms / self._window

    def sent(self, now_ms: float) -> Departure:
        """Count a frame that goes."""
        slot_ms = 1000 / self._max_fps
        self._slot_at_ms = max(self._slot_at_ms + slot_ms, now_ms - slot_ms)
        self._sent_at_ms = now_ms
        self._is_draining = False
        departure = Departure(now_ms, self._in_flight)
        self._in_flight += 1
        return departure

    def result(self, frame: Departure, now_ms: float, service_ms: float) -> None:
        """Count a result. ``service_ms`` is how long the gateway worked on it, by its own account."""
        trip_ms = now_ms - frame.sent_at_ms
        is_full = self._in_flight > self._window - 1
        self._in_flight -= 1
        is_together = now_ms - self._result_at_ms < _TOGETHER * self.round_trip_ms / self._window
        self._result_at_ms = now_ms
        self._clean += 1
        self._round_trip_ms = _smooth(self._round_trip_ms, trip_ms)
        waiting = self._window * self._late_ms(max(0.0, trip_ms - service_ms)) / self.round_trip_ms
        step = _GAIN * (_WAITING_FRAMES - waiting) / max(1.0, self._window)
        if step > 0:
            # A window that the camera does not fill says nothing about a larger one.
            self._resize(step * min(_BOLDNESS, (self._clean / _PATIENCE) ** 2) if is_full else 0.0)
        elif not is_together:
            self._clean = min(self._clean, _PATIENCE)
            if self._may_shrink(frame):
                self._resize(step)

    def dropped(self, frame: Departure, now_ms: float) -> None:
        """Count a frame that the gateway did not take, or not for long enough."""
        self._in_flight -= 1
        self._clean = 0.0
        if self._may_shrink(frame):
            self._cut(min(self._window, frame.before), now_ms)

    def slow_down(self, now_ms: float) -> None:
        """Heed the gateway, which says that too many were dropped of late."""
        self._clean = 0.0
        self._cut(0.0, now_ms)

    def _cut(self, least: float, now_ms: float) -> None:
        self._cut_at_ms = now_ms
        self._resize(max(least, self._window * _DECREASE) - self._window)

    def _resize(self, step: float) -> None:
        least = min(1.0, self.round_trip_ms / _LONGEST_GAP_MS)
        self._window = min(float(self._max_in_flight), max(least, self._window + step))

    def _may_shrink(self, frame: Departure) -> bool:
        """Whether a frame was sent after the last cut; those that were on the way knew nothing of it."""
        return frame.sent_at_ms >= self._cut_at_ms

    def _late_ms(self, way_ms: float) -> float:
        """By how much a way is longer than the quickest one of late, less what jitter explains."""
        self._way_ms = self._way_ms or way_ms
        self._deviation_ms = _smooth(self._deviation_ms, abs(way_ms - self._way_ms))
        self._way_ms = _smooth(self._way_ms, way_ms)
        if self._span_results == _WAY_RESULTS:
            self._is_draining = self._least_way_ms > self._older_least_way_ms + self._deviation_ms
            self._older_least_way_ms = self._least_way_ms
            self._least_way_ms = way_ms
            self._span_results = 0
        self._span_results += 1
        self._least_way_ms = min(self._least_way_ms, way_ms)
        least_ms = min(self._least_way_ms, self._older_least_way_ms)
        return max(0.0, way_ms - least_ms - _JITTER * min(self._deviation_ms, least_ms))
