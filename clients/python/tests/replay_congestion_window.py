"""Replays recorded runs of another implementation and compares every wait and rate. Prints the number of steps."""

import json
import math
import sys
from typing import Any

from framegate_client.congestion_window import CongestionWindow, SentFrame


def apply(window: CongestionWindow, step: dict[str, Any], in_flight: list[SentFrame]) -> None:
    """Apply one step."""
    what, now_ms = step["what"], step["nowMs"]
    if what == "send":
        in_flight.append(window.sent(now_ms))
    elif what == "slow_down":
        window.slow_down(now_ms)
    elif what == "move":
        in_flight.clear()
        window.moved()
    elif what == "result":
        window.result(in_flight.pop(step["which"]), now_ms, step["serviceMs"])
    elif what == "drop":
        window.dropped(in_flight.pop(step["which"]), now_ms)


def main() -> None:
    """Compare all runs. An infinite wait is written as null."""
    compared = 0
    for run in json.load(sys.stdin):
        window = CongestionWindow(run["maxInFlight"], run["maxFps"], adapt=run["adapt"])
        in_flight: list[SentFrame] = []
        for number, step in enumerate(run["steps"]):
            apply(window, step, in_flight)
            expected = (math.inf if step["waitMs"] is None else step["waitMs"], step["fps"])
            actual = (window.wait_ms(step["nowMs"]), window.fps)
            if not all(math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-6) for a, b in zip(expected, actual)):
                sys.exit(f"step {number}, {step['what']}: {actual} instead of {expected}")
            compared += 1
    print(compared)


if __name__ == "__main__":
    main()
