"""Congestion control: decides when the next frame may be sent, based on the replies to earlier frames.

Pure: time is passed in. The algorithm is the same as in ``src/client/congestion-window.ts``, with the same constants; a
test runs both and compares them.
"""

import math
from dataclasses import dataclass

# The average number of frames to keep waiting at the gateway, so that a worker that becomes free finds one.
_TARGET_BACKLOG_FRAMES = 0.25
# The fraction of the difference to the target that the window is corrected by per round trip.
_GAIN = 0.6
# Multiplicative decrease of the window after a drop or ``slow_down``.
_DECREASE_FACTOR = 0.7
# Results after a drop until the window grows at full speed again, so that probing for more loses few frames.
_RAMP_RESULTS = 16
# Growth is accelerated up to this factor while nothing waits at all, as at the start: capacity is far away.
_MAX_RAMP_FACTOR = 4
# Delays up to this many mean deviations, and up to this many times the minimum network time, count as jitter.
_JITTER_FACTOR = 2
# The minimum network time is taken over this many results, up to twice as many; a longer path is detected after them.
_MIN_FILTER_RESULTS = 20
# A result within this fraction of the expected interval after the previous one may have waited for that one only.
_BURST_FRACTION = 0.1
# However congested the path is, a frame is sent this often: nothing else shows when it recovers.
_MAX_GAP_MS = 1000.0
# The assumed round trip before the first measurement.
_INITIAL_ROUND_TRIP_MS = 100.0
# Weight of the newest sample in exponential moving averages.
_SMOOTHING = 0.2
# A smaller fractional part of the window is not worth a timer.
_MIN_WINDOW_FRACTION = 0.2


@dataclass(frozen=True)
class SentFrame:
    """What has to be known about a frame in flight when its reply arrives."""

    sent_at_ms: float
    in_flight_before: int
    """Frames that were already in flight when it was sent."""


def _smooth(average: float, value: float) -> float:
    return value if average == 0 else average + _SMOOTHING * (value - average)


class CongestionWindow:
    """A congestion window as in TCP Vegas: it has the right size when a small backlog waits.

    ``src/client/congestion-window.ts`` explains the algorithm.
    """

    def __init__(self, max_in_flight: int, max_fps: float, *, adapt: bool = True) -> None:
        """Start with a window of one frame. Without ``adapt`` only the two limits apply."""
        self._max_in_flight = max_in_flight
        self._max_fps = max_fps
        self._adapt = adapt
        self._window = 1.0
        self._in_flight = 0
        self._round_trip_ms = 0.0
        self._network_ms = 0.0
        self._deviation_ms = 0.0
        self._min_network_ms = math.inf
        self._previous_min_network_ms = math.inf
        self._filter_results = 0
        self._is_draining = False
        self._results_since_drop = _RAMP_RESULTS * _MAX_RAMP_FACTOR**0.5
        self._last_result_at_ms = -math.inf
        self._last_sent_at_ms = -math.inf
        self._last_slot_at_ms = -math.inf
        self._decreased_at_ms = -math.inf
        # When the drops since the last sign that frames are taken began, and window and growth before them.
        self._before_drops: tuple[float, float, float] | None = None

    @property
    def in_flight(self) -> int:
        """Frames without a reply."""
        return self._in_flight

    @property
    def round_trip_ms(self) -> float:
        """Smoothed time from a frame to its result, in milliseconds."""
        return self._round_trip_ms or _INITIAL_ROUND_TRIP_MS

    @property
    def fps(self) -> float:
        """Frames per second that the window currently allows."""
        return min(self._max_fps, 1000 * self._window / self.round_trip_ms) if self._adapt else self._max_fps

    def wait_ms(self, now_ms: float) -> float:
        """Milliseconds until the next frame may be sent: 0 if now, infinity if only a reply can change it."""
        if self._in_flight > self._max_in_flight - 1:
            return math.inf
        gap_ms = self._gap_ms() if self._adapt else 0.0
        if gap_ms == math.inf:
            return math.inf
        slot_ms = self._last_slot_at_ms + 1000 / self._max_fps
        return max(0.0, slot_ms - now_ms, self._last_sent_at_ms + min(gap_ms, _MAX_GAP_MS) - now_ms)

    def _gap_ms(self) -> float:
        """Return the interval that the window requires before the next frame; infinity if it is full."""
        whole = math.floor(self._window)
        if self._is_draining and self._in_flight > 0:
            return math.inf
        if self._in_flight < whole:
            return 0.0
        is_full = self._in_flight > whole or (whole > 0 and self._window - whole < _MIN_WINDOW_FRACTION)
        return math.inf if is_full else self.round_trip_ms / self._window

    def sent(self, now_ms: float) -> SentFrame:
        """Record a sent frame."""
        slot_ms = 1000 / self._max_fps
        self._last_slot_at_ms = max(self._last_slot_at_ms + slot_ms, now_ms - slot_ms)
        self._last_sent_at_ms = now_ms
        self._is_draining = False
        frame = SentFrame(now_ms, self._in_flight)
        self._in_flight += 1
        return frame

    def result(self, frame: SentFrame, now_ms: float, service_ms: float) -> None:
        """Record a result. ``service_ms`` is the processing time that the gateway reports."""
        round_trip_ms = now_ms - frame.sent_at_ms
        is_full = self._in_flight > self._window - 1
        self._in_flight -= 1
        is_burst = now_ms - self._last_result_at_ms < _BURST_FRACTION * self.round_trip_ms / self._window
        self._last_result_at_ms = now_ms
        self._results_since_drop += 1
        self._round_trip_ms = _smooth(self._round_trip_ms, round_trip_ms)
        if self._before_drops is not None and frame.sent_at_ms >= self._before_drops[0]:
            self._before_drops = None
        excess_ms = self._excess_delay_ms(max(0.0, round_trip_ms - service_ms))
        backlog = self._window * excess_ms / self.round_trip_ms
        step = _GAIN * (_TARGET_BACKLOG_FRAMES - backlog) / max(1.0, self._window)
        if step > 0:
            # A window that the camera does not fill is no reason to increase it.
            ramp_factor = min(_MAX_RAMP_FACTOR, (self._results_since_drop / _RAMP_RESULTS) ** 2)
            self._resize(step * ramp_factor if is_full else 0.0)
        elif not is_burst:
            self._results_since_drop = min(self._results_since_drop, _RAMP_RESULTS)
            if self._may_decrease(frame):
                self._resize(step)

    def dropped(self, frame: SentFrame, now_ms: float) -> None:
        """Record a dropped frame."""
        self._in_flight -= 1
        if self._before_drops is None:
            self._before_drops = (now_ms, self._window, self._results_since_drop)
        self._results_since_drop = 0.0
        if self._may_decrease(frame):
            self._decrease(min(self._window, frame.in_flight_before), now_ms)

    def slow_down(self, now_ms: float) -> None:
        """Decrease the window, because the gateway reports a high drop rate."""
        self._before_drops = None
        self._results_since_drop = 0.0
        self._decrease(0.0, now_ms)

    def moved(self) -> None:
        """Go on at the same rate with the next connection, because the gateway has asked the client to move.

        Nothing is in flight, and the frames dropped last were dropped for the move. The new path is measured afresh.
        """
        if self._before_drops is not None:
            _, self._window, self._results_since_drop = self._before_drops
        self._before_drops = None
        self._results_since_drop = min(self._results_since_drop, _RAMP_RESULTS)
        self._in_flight = self._filter_results = 0
        self._network_ms = self._deviation_ms = 0.0
        self._min_network_ms = self._previous_min_network_ms = math.inf
        self._is_draining = False

    def _decrease(self, min_window: float, now_ms: float) -> None:
        self._decreased_at_ms = now_ms
        self._resize(max(min_window, self._window * _DECREASE_FACTOR) - self._window)

    def _resize(self, step: float) -> None:
        min_window = min(1.0, self.round_trip_ms / _MAX_GAP_MS)
        self._window = min(float(self._max_in_flight), max(min_window, self._window + step))

    def _may_decrease(self, frame: SentFrame) -> bool:
        """Whether the frame was sent after the last decrease; frames in flight do not cause another one."""
        return frame.sent_at_ms >= self._decreased_at_ms

    def _excess_delay_ms(self, network_ms: float) -> float:
        """Return the time above the recent minimum network time, minus what jitter explains."""
        self._network_ms = self._network_ms or network_ms
        self._deviation_ms = _smooth(self._deviation_ms, abs(network_ms - self._network_ms))
        self._network_ms = _smooth(self._network_ms, network_ms)
        if self._filter_results == _MIN_FILTER_RESULTS:
            self._is_draining = self._min_network_ms > self._previous_min_network_ms + self._deviation_ms
            self._previous_min_network_ms = self._min_network_ms
            self._min_network_ms = network_ms
            self._filter_results = 0
        self._filter_results += 1
        self._min_network_ms = min(self._min_network_ms, network_ms)
        min_ms = min(self._min_network_ms, self._previous_min_network_ms)
        return max(0.0, network_ms - min_ms - _JITTER_FACTOR * min(self._deviation_ms, min_ms))
