"""Replays runs of the pace that another implementation made and compares every wait and rate. Prints how many."""

import json
import math
import sys
from typing import Any

from framegate_client.pace import Departure, Pace


def take(pace: Pace, step: dict[str, Any], flying: list[Departure]) -> None:
    """Do one step."""
    what, now_ms = step["what"], step["nowMs"]
    if what == "send":
        flying.append(pace.sent(now_ms))
    elif what == "slow_down":
        pace.slow_down(now_ms)
    elif what == "result":
        pace.result(flying.pop(step["which"]), now_ms, step["serviceMs"])
    elif what == "drop":
        pace.dropped(flying.pop(step["which"]), now_ms)


def main() -> None:
    """Compare all runs. An infinite wait is written as null."""
    compared = 0
    for run in json.load(sys.stdin):
        pace = Pace(run["maxInFlight"], run["maxFps"], adapt=run["adapt"])
        flying: list[Departure] = []
        for number, step in enumerate(run["steps"]):
            take(pace, step, flying)
            expected = (math.inf if step["waitMs"] is None else step["waitMs"], step["fps"])
            seen = (pace.wait_ms(step["nowMs"]), pace.fps)
            if not all(math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-6) for a, b in zip(expected, seen, strict=True)):
                sys.exit(f"step {number}, {step['what']}: {seen} instead of {expected}")
            compared += 1
    print(compared)


if __name__ == "__main__":
    main()
