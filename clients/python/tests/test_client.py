"""The client with a real gateway: replies, rate, rejections, restarts."""

from __future__ import annotations

import asyncio
import logging
import time
import unittest
from collections.abc import Awaitable, Callable

from framegate_client import (
    Client,
    ClientError,
    Dropped,
    FrameSent,
    Lost,
    Reply,
    Result,
    Skipped,
    SlowDown,
    StateChange,
    connect,
)

from .gateway import Gateway, free_port
from .support import QUICK, SLOW, collect, until


async def camera(client: Client, fps: float, seconds: float, frame: Callable[[], bytes]) -> list[asyncio.Future[Reply]]:
    """Pass a frame to the client ``fps`` times a second, regardless of the replies."""
    start, replies = time.monotonic(), []
    while time.monotonic() - start < seconds:
        replies.append(client.send(frame()).reply)
        await asyncio.sleep(max(0, start + len(replies) / fps - time.monotonic()))
    return replies


class ClientTest(unittest.IsolatedAsyncioTestCase):
    """Each test starts its own gateway."""

    async def asyncSetUp(self) -> None:
        logging.disable()
        self.gateway = await Gateway.start(STREAM_MAX_FRAME_SIZE_MB="0.1")
        self.addAsyncCleanup(self.gateway.kill)

    async def expect_lost(self, reply: Awaitable[Reply], code: str) -> Lost:
        lost = await reply
        assert isinstance(lost, Lost), lost
        self.assertEqual(lost.error.code, code)
        return lost

    async def test_frames_are_answered_by_index(self) -> None:
        async with connect(self.gateway.url, "echo", max_fps=1000) as client:
            sent = collect(client, FrameSent)
            for index in range(20):
                await client.ready()
                frame = client.send(QUICK)
                self.assertEqual(frame.index, index)
                reply = await frame.reply
                assert isinstance(reply, Result), reply
                self.assertEqual((reply.index, reply.result["width"], reply.frame), (index, 16, QUICK))
            self.assertEqual([event.index for event in sent], list(range(20)))

    async def test_newest_frame_replaces_a_waiting_frame(self) -> None:
        async with connect(self.gateway.url, "by_width") as client:
            await client.ready()
            first, second, third = (client.send(SLOW) for _ in range(3))
            self.assertIsInstance(await second.reply, Skipped)
            self.assertIsInstance(await first.reply, Result)
            self.assertIsInstance(await third.reply, Result)
            self.assertEqual((first.index, second.index, third.index), (0, None, 1))

    async def test_frame_without_a_connection_is_skipped(self) -> None:
        client = connect(self.gateway.url, "echo")
        self.assertIsInstance(await client.send(QUICK).reply, Skipped)
        async with client:
            await client.ready()
        self.assertIsInstance(await client.send(QUICK).reply, Skipped)

    async def test_slow_gateway_is_used_and_not_flooded(self) -> None:
        async with connect(self.gateway.url, "by_width") as client:
            await client.opened()
            await camera(client, 30, 4, lambda: SLOW)
            results, dropped, warnings = collect(client, Result), collect(client, Dropped), collect(client, SlowDown)
            await camera(client, 30, 6, lambda: SLOW)
            service_ms = sum(reply.result["timings_ms"]["total"] for reply in results) / len(results)
            drop_rate = len(dropped) / (len(dropped) + len(results))
            print(f"# {len(results) / 6:.1f} fps of {1000 / service_ms:.1f}, {100 * drop_rate:.1f} % dropped")
            self.assertGreater(len(results) / 6, 0.6 * 1000 / service_ms)
            self.assertLess(drop_rate, 0.1)
            self.assertEqual(warnings, [])
            slow_fps = len(results) / 6
            await camera(client, 30, 10, lambda: QUICK)
            results.clear()
            await camera(client, 30, 3, lambda: QUICK)
            # On a busy machine the camera itself does not reach 30 fps.
            self.assertGreater(len(results) / 3, 1.3 * slow_fps)

    async def test_max_in_flight_is_respected(self) -> None:
        async with connect(self.gateway.url, "by_width", max_in_flight=1) as client:
            await client.opened()
            peak = 0

            def count(_: object) -> None:
                nonlocal peak
                peak = max(peak, client.in_flight)

            client.on(FrameSent, count)
            dropped = collect(client, Dropped)
            await camera(client, 60, 3, lambda: SLOW)
            self.assertEqual((peak, dropped), (1, []))

    async def test_gateway_drops_frames_without_adapt(self) -> None:
        async with connect(self.gateway.url, "by_width", adapt=False) as client:
            await client.opened()
            dropped = collect(client, Dropped)
            # Four frames in the time of one: all are sent, and most find the only worker busy.
            await asyncio.gather(*await camera(client, 40, 2, lambda: SLOW))
            self.assertGreater(len(dropped), 10)
            self.assertEqual(client.fps, 30)

    async def test_unknown_pipeline_is_fatal(self) -> None:
        async with connect(self.gateway.url, "yolo_v9") as client:
            await until(lambda: client.state == "closed")
            assert client.error is not None
            self.assertEqual(client.error.code, "invalid_pipeline")
            self.assertEqual(client.error.detail, "Unknown pipeline_id: yolo_v9")
            with self.assertRaises(ClientError):
                await client.ready()

    async def test_invalid_frames_are_lost_and_several_in_a_row_are_fatal(self) -> None:
        for code, bad in (("invalid_frame", b"not an image"), ("frame_too_large", QUICK + bytes(106_000))):
            async with connect(self.gateway.url, "echo", max_fps=1000) as client:
                await client.ready()
                await self.expect_lost(client.send(bad).reply, code)
                await client.ready()
                self.assertIsInstance(await client.send(QUICK).reply, Result)
                for _ in range(3):
                    await client.ready()
                    await self.expect_lost(client.send(bad).reply, code)
                await until(lambda client=client: client.state == "closed")  # type: ignore[misc]
                assert client.error is not None
                self.assertEqual(client.error.code, code)

    async def test_failing_pipeline_is_retried(self) -> None:
        async with connect(self.gateway.url, "failing", max_fps=1000) as client:
            errors = collect(client, ClientError)
            for _ in range(3):
                await client.ready()
                await self.expect_lost(client.send(QUICK).reply, "pipeline_failure")
            await until(lambda: len(errors) == 3)
            self.assertEqual(client.state, "waiting")

    async def test_full_gateway_is_retried(self) -> None:
        small = await Gateway.start(STREAM_MAX_SESSIONS="1")
        self.addAsyncCleanup(small.kill)
        async with connect(small.url, "echo") as inside:
            await inside.ready()
            self.assertIsInstance(await inside.send(QUICK).reply, Result)
            outside = connect(small.url, "echo")
            self.addAsyncCleanup(outside.close)
            errors = collect(outside, ClientError)
            await outside.__aenter__()
            await until(lambda: len(errors) >= 2)
            self.assertEqual({error.code for error in errors}, {"server_busy"})
        reply: Reply | None = None
        while not isinstance(reply, Result):
            await outside.ready()
            reply = await outside.send(QUICK).reply

    async def test_reconnects_after_the_gateway_restarts(self) -> None:
        port = free_port()
        before = await Gateway.start(port)
        self.addAsyncCleanup(before.kill)
        async with connect(before.url, "slower") as client:
            await client.ready()
            in_flight, held = client.send(QUICK), client.send(QUICK)
            await until(lambda: client.in_flight == 1)
            await before.kill()
            await self.expect_lost(in_flight.reply, "closed")
            self.assertIsInstance(await held.reply, Skipped)
            with self.assertRaises(ClientError) as raised:
                await client.opened()
            self.assertEqual(raised.exception.code, "unreachable")
            after = await Gateway.start(port)
            self.addAsyncCleanup(after.kill)
            await client.ready()
            again = client.send(QUICK)
            self.assertIsInstance(await again.reply, Result)
            self.assertEqual(again.index, 0)

    async def test_close_settles_all_frames(self) -> None:
        async with connect(self.gateway.url, "slower") as client:
            states = collect(client, StateChange)
            await client.ready()
            sent, held = client.send(QUICK), client.send(QUICK)
            ready = asyncio.ensure_future(client.ready())
            await asyncio.sleep(0.05)
            await client.close()
            await self.expect_lost(sent.reply, "closed")
            self.assertIsInstance(await held.reply, Skipped)
            with self.assertRaises(ClientError):
                await ready
            self.assertEqual([change.state for change in states][-1], "closed")
