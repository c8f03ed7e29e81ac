"""A gateway that asks the client to move: it reconnects at once, at the same rate, and every frame is settled."""

from __future__ import annotations

import logging
import unittest

from websockets.asyncio.server import ServerConnection, serve

from framegate_client import ClientError, Dropped, Lost, Result, Skipped, StateChange, connect
from framegate_client.retries import Retries

from .support import QUICK, collect

_RESULTS = 20


def _result(index: int) -> str:
    return f'{{"frame_index":{index},"result":{{"width":1,"height":1,"timings_ms":{{"total":0}}}}}}'


class MoveTest(unittest.IsolatedAsyncioTestCase):
    """Each test is its own gateway."""

    async def asyncSetUp(self) -> None:
        logging.disable()
        self.reason = "session age"
        self.connections = 0
        server = await serve(self.answer, "127.0.0.1", 0)
        self.addAsyncCleanup(server.wait_closed)
        self.addCleanup(server.close)
        self.url = f"http://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"

    async def answer(self, socket: ServerConnection) -> None:
        """Answer some frames, leave the next one without a reply, and close."""
        self.connections += 1
        for index in range(_RESULTS + 1):
            await socket.recv()
            if index < _RESULTS:
                await socket.send(_result(index))
        await socket.close(1001, self.reason)

    async def test_client_goes_on_at_its_rate(self) -> None:
        async with connect(self.url, "echo", max_fps=10_000) as client:
            changes, errors, lost = collect(client, StateChange), collect(client, ClientError), collect(client, Lost)
            for move in range(3):
                for _ in range(_RESULTS):
                    await client.ready()
                    self.assertIsInstance(await client.send(QUICK).reply, Result)
                await client.ready()
                crossing, fps = client.send(QUICK), client.fps
                self.assertIsInstance(await crossing.reply, Dropped)
                self.assertEqual((client.in_flight, client.fps), (0, fps))
                self.assertIsInstance(await client.send(QUICK).reply, Skipped)
                self.assertEqual(len(errors), move + 1)
            delays = [change.retry_in_ms for change in changes if change.state == "waiting"]
            self.assertTrue(all(delay is not None and delay <= 250 for delay in delays), delays)
            self.assertEqual(lost, [])
            self.assertEqual({str(error) for error in errors}, {"closed: Connection closed (1001, session age)"})

    async def test_frames_that_did_not_finish_in_time_are_lost(self) -> None:
        self.reason = "shutdown timeout"
        async with connect(self.url, "echo", max_fps=10_000) as client:
            for _ in range(_RESULTS):
                await client.ready()
                client.send(QUICK)
            await client.ready()
            self.assertIsInstance(await client.send(QUICK).reply, Lost)
            await client.ready()
            self.assertEqual(self.connections, 2)

    async def test_moves_without_a_result_back_off(self) -> None:
        retries = Retries(4)
        self.assertLessEqual(retries.moved(5) or 0, 250)
        for attempt in range(3):
            delay = retries.moved(5)
            assert delay is not None
            self.assertTrue(125 * 2**attempt <= delay <= 250 * 2**attempt, delay)
        self.assertLessEqual(retries.moved(3_600_000) or 0, 250)
        self.assertIsNone(retries.moved(5))
        retries.succeeded()
        self.assertLessEqual(retries.moved(5) or 0, 250)
