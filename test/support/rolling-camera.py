"""A camera that sends a frame at a fixed rate until its input ends, and prints what became of its frames.

Arguments: the gateway's address, the pipeline, a JPEG file, and frames per second.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from pathlib import Path

from framegate_client import Dropped, FrameSent, Lost, Result, Skipped, connect


async def main(url: str, pipeline: str, path: str, fps: float) -> None:
    frame = Path(path).read_bytes()
    counts: Counter[str] = Counter()
    results: list[float] = []
    replies = []
    async with connect(url, pipeline, camera="python") as client:
        for kind in (FrameSent, Result, Dropped, Skipped, Lost):
            client.on(kind, lambda event: counts.update([type(event).__name__]))
        client.on(Result, lambda _: results.append(time.monotonic()))
        await client.opened()
        print("open", flush=True)
        ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        while not ended.done():
            replies.append(client.send(frame).reply)
            await asyncio.sleep(1 / fps)
        await client.ready()
        state = client.state
        await asyncio.gather(*replies)
    gap_s = max(later - earlier for earlier, later in zip(results, results[1:]))
    names = {"FrameSent": "sent", "Result": "result", "Dropped": "dropped", "Skipped": "skipped", "Lost": "lost"}
    tally = {name: counts[key] for key, name in names.items()}
    print(json.dumps({**tally, "passed": len(replies), "state": state, "maxGapMs": gap_s * 1000}))


asyncio.run(main(*sys.argv[1:4], float(sys.argv[4])))
