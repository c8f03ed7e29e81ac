"""The client before a real gateway: replies, pace, refusals, restarts, peers that are no gateway."""

import asyncio
import logging
import os
import time
import unittest
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from websockets.asyncio.server import ServerConnection, serve

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

_Event = TypeVar("_Event")

# A picture 100 pixels wide, which the pipeline `by_width` takes 100 ms for, and one of 16. The caller makes them.
_FOLDER = Path(os.environ["FRAMEGATE_FRAMES"])
SLOW = (_FOLDER / "slow.jpg").read_bytes()
QUICK = (_FOLDER / "quick.jpg").read_bytes()


def collect(client: Client, kind: type[_Event]) -> list[_Event]:
    """Keep every event of a class."""
    events: list[_Event] = []
    client.on(kind, events.append)
    return events


async def until(done: Callable[[], bool]) -> None:
    """Wait for something that the events will bring about."""
    async with asyncio.timeout(60):
        while not done():  # noqa: ASYNC110 (many things are waited for, and no test for long)
            await asyncio.sleep(0.005)


async def camera(
    client: Client, fps: float, seconds: float, picture: Callable[[], bytes]
) -> list[asyncio.Future[Reply]]:
    """Give the client a picture ``fps`` times a second, whatever becomes of it."""
    start, replies = time.monotonic(), []
    while time.monotonic() - start < seconds:
        replies.append(client.send(picture()).reply)
        await asyncio.sleep(max(0, start + len(replies) / fps - time.monotonic()))
    return replies


class ClientTest(unittest.IsolatedAsyncioTestCase):
    """Each test has a gateway of its own."""

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

    async def test_the_newest_frame_takes_the_place_of_one_that_waits(self) -> None:
        async with connect(self.gateway.url, "by_width") as client:
            await client.ready()
            first, second, third = (client.send(SLOW) for _ in range(3))
            self.assertIsInstance(await second.reply, Skipped)
            self.assertIsInstance(await first.reply, Result)
            self.assertIsInstance(await third.reply, Result)
            self.assertEqual((first.index, second.index, third.index), (0, None, 1))

    async def test_without_a_connection_a_frame_is_skipped(self) -> None:
        client = connect(self.gateway.url, "echo")
        self.assertIsInstance(await client.send(QUICK).reply, Skipped)
        async with client:
            await client.ready()
        self.assertIsInstance(await client.send(QUICK).reply, Skipped)

    async def test_a_slow_gateway_is_used_and_not_flooded(self) -> None:
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
            # On a busy machine the camera itself does not keep its 30.
            self.assertGreater(len(results) / 3, 1.3 * slow_fps)

    async def test_never_more_in_flight_than_asked(self) -> None:
        async with connect(self.gateway.url, "by_width", max_in_flight=1) as client:
            await client.opened()
            most = 0

            def count(_: object) -> None:
                nonlocal most
                most = max(most, client.in_flight)

            client.on(FrameSent, count)
            dropped = collect(client, Dropped)
            await camera(client, 60, 3, lambda: SLOW)
            self.assertEqual((most, dropped), (1, []))

    async def test_an_unknown_pipeline_is_given_up(self) -> None:
        async with connect(self.gateway.url, "yolo_v9") as client:
            await until(lambda: client.state == "closed")
            assert client.error is not None
            self.assertEqual(client.error.code, "invalid_pipeline")
            self.assertEqual(client.error.detail, "Unknown pipeline_id: yolo_v9")
            with self.assertRaises(ClientError):
                await client.ready()

    async def test_bad_frames_are_lost_and_only_bad_ones_are_given_up(self) -> None:
        for code, bad in (("invalid_frame", b"no picture"), ("frame_too_large", QUICK + bytes(200_000))):
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

    async def test_a_failing_pipeline_is_tried_again(self) -> None:
        async with connect(self.gateway.url, "failing", max_fps=1000) as client:
            errors = collect(client, ClientError)
            for _ in range(3):
                await client.ready()
                await self.expect_lost(client.send(QUICK).reply, "pipeline_failure")
            await until(lambda: len(errors) == 3)
            self.assertEqual(client.state, "waiting")

    async def test_a_full_gateway_is_asked_again(self) -> None:
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

    async def test_a_gateway_that_is_killed_and_started_again(self) -> None:
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

    async def test_close_settles_everything(self) -> None:
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


class OtherPeersTest(unittest.IsolatedAsyncioTestCase):
    """Peers that are no gateway, and bad arguments."""

    def setUp(self) -> None:
        logging.disable()

    async def client_of(self, answer: str | bytes | None, **limits: float) -> Client:
        """Connect to a WebSocket server that answers every frame in this way, or not at all."""

        async def handle(socket: ServerConnection) -> None:
            async for _ in socket:
                if answer is not None:
                    await socket.send(answer)

        server = await serve(handle, "127.0.0.1", 0)
        self.addAsyncCleanup(server.wait_closed)
        self.addCleanup(server.close)
        port = next(iter(server.sockets)).getsockname()[1]
        return connect(f"ws://127.0.0.1:{port}", "echo", **limits)  # type: ignore[arg-type]

    async def test_one_that_never_answers_is_left(self) -> None:
        async with await self.client_of(None, timeout_ms=200) as client:
            await client.ready()
            reply = await client.send(QUICK).reply
            assert isinstance(reply, Lost), reply
            self.assertEqual(reply.error.code, "timed_out")

    async def test_one_that_never_upgrades_is_left(self) -> None:
        async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        server = await asyncio.start_server(hold, "127.0.0.1", 0)
        self.addAsyncCleanup(server.wait_closed)
        self.addCleanup(server.close)
        port = server.sockets[0].getsockname()[1]
        async with connect(f"ws://127.0.0.1:{port}", "echo", timeout_ms=200) as client:
            with self.assertRaises(ClientError) as raised:
                await client.opened()
            self.assertEqual(raised.exception.code, "unreachable")

    async def test_one_that_talks_of_other_things_is_given_up(self) -> None:
        others = ("hello", "5", "[" * 100_000, '{"frame_index":0}', '{"error":{}}', '{"error":"gone","detail":null}')
        for answer in (*others, b'{"frame_index":0,"dropped":true}'):
            async with await self.client_of(answer) as client:
                await client.ready()
                reply = await client.send(QUICK).reply
                assert isinstance(reply, Lost), reply
                self.assertEqual(reply.error.code, "invalid_reply")
                await until(lambda client=client: client.state == "closed")  # type: ignore[misc]

    async def test_a_result_with_odd_times_is_a_result(self) -> None:
        for total in ("NaN", "Infinity", "-1", "9" * 400, '"1"', "{}"):
            answer = f'{{"frame_index":0,"result":{{"timings_ms":{{"total":{total}}}}}}}'
            async with await self.client_of(answer) as client:
                await client.ready()
                self.assertIsInstance(await client.send(QUICK).reply, Result)
                self.assertEqual(client.state, "open")

    async def test_replies_that_fit_no_frame_change_nothing(self) -> None:
        for index in ("7", "[]", '"0"', "null"):
            async with await self.client_of(f'{{"frame_index":{index},"dropped":true}}', timeout_ms=300) as client:
                await client.ready()
                reply = await client.send(QUICK).reply
                assert isinstance(reply, Lost), reply
                self.assertEqual(reply.error.code, "timed_out")

    async def test_max_attempts(self) -> None:
        async with connect(f"ws://127.0.0.1:{free_port()}", "echo", max_attempts=2) as client:
            with self.assertRaises(ClientError) as raised:
                await client.ready()
            self.assertEqual((raised.exception.code, client.state), ("unreachable", "closed"))

    async def test_bad_arguments(self) -> None:
        for address in ("host:8000", "ftp://host", "ws://", "no address"):
            with self.assertRaises(ValueError):
                connect(address, "echo")
        with self.assertRaisesRegex(ValueError, "max_fps must be above 0"):
            connect("ws://host", "echo", max_fps=0)
        with self.assertRaises(TypeError):
            connect("ws://host", "echo").send("text")  # type: ignore[arg-type]


if __name__ == "__main__":
    unittest.main()
