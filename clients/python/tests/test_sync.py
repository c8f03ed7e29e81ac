"""The synchronous front with a real gateway: replies, newest result, errors, and the end of its thread."""

from __future__ import annotations

import asyncio
import logging
import threading
import unittest

from framegate_client import ClientError, FrameSent, Lost, Result, Skipped, StateChange
from framegate_client.sync import SyncClient, connect

from .gateway import Gateway, free_port
from .support import QUICK, SLOW


def thread_names() -> list[str]:
    """Names of all running threads."""
    return [thread.name for thread in threading.enumerate()]


class SyncTest(unittest.TestCase):
    """Almost all tests share a gateway, which runs in the loop of this class."""

    gateway: Gateway
    loop: asyncio.AbstractEventLoop

    @classmethod
    def setUpClass(cls) -> None:
        logging.disable()
        cls.loop = asyncio.new_event_loop()
        cls.gateway = cls.loop.run_until_complete(Gateway.start())

    @classmethod
    def tearDownClass(cls) -> None:
        cls.loop.run_until_complete(cls.gateway.kill())
        cls.loop.close()

    def test_each_frame_gets_its_reply(self) -> None:
        with connect(self.gateway.url, "echo") as stream:
            for index in range(5):
                reply = stream.send(QUICK)
                assert isinstance(reply, Result), reply
                self.assertEqual((reply.index, reply.result["width"], reply.frame), (index, 16, QUICK))
            self.assertEqual(stream.state, "open")

    def test_offered_frames_lead_to_a_newest_result(self) -> None:
        with connect(self.gateway.url, "by_width") as stream:
            arrived = threading.Event()
            self.assertIsNone(stream.latest)
            stream.on(Result, lambda _: arrived.set())
            stream.opened()
            stream.offer(SLOW)
            self.assertTrue(arrived.wait(60))
            newest = stream.latest
            assert newest is not None
            self.assertEqual((newest.index, newest.result["width"]), (0, 100))
            self.assertIs(stream.offer(QUICK), newest)

    def test_rate_adapts_as_in_the_asynchronous_client(self) -> None:
        with connect(self.gateway.url, "by_width", max_in_flight=1) as stream:
            in_flight: list[int] = []
            was_ready: list[bool] = []
            results = threading.Semaphore(0)

            def count(_: FrameSent) -> None:
                in_flight.append(stream.in_flight)

            stream.on(FrameSent, count)
            stream.on(Result, lambda _: results.release())
            self.assertTrue(stream.ready())
            for _ in range(3):
                stream.offer(QUICK)
                # The reply of a frame, or the frame that it makes room for, may come at any time.
                was_ready.append(stream.ready(60))
                self.assertTrue(results.acquire(timeout=60))
            self.assertEqual((in_flight, was_ready), ([1, 1, 1], [True, True, True]))

    def test_unknown_pipeline_raises_for_every_call(self) -> None:
        stream = connect(self.gateway.url, "yolo_v9")
        closed = threading.Event()
        stream.on(StateChange, lambda change: closed.set() if change.state == "closed" else None)
        with stream:
            self.assertTrue(closed.wait(60))
            for call in (lambda: stream.send(QUICK), stream.ready, stream.opened, lambda: stream.offer(QUICK)):
                with self.assertRaises(ClientError) as raised:
                    call()
                self.assertEqual(raised.exception.code, "invalid_pipeline")
            self.assertIs(stream.error, raised.exception)

    def test_without_a_gateway_a_frame_is_skipped_after_the_timeout(self) -> None:
        with connect(f"ws://127.0.0.1:{free_port()}", "echo") as stream:
            with self.assertRaises(ClientError) as raised:
                stream.opened()
            self.assertEqual(raised.exception.code, "unreachable")
            self.assertIsInstance(stream.send(QUICK, timeout_s=0), Skipped)
            self.assertFalse(stream.ready(0))

    def test_closing_ends_a_waiting_send_and_the_thread(self) -> None:
        # A gateway of its own: its worker stays busy with the lost frame.
        gateway = self.loop.run_until_complete(Gateway.start())
        self.addCleanup(lambda: self.loop.run_until_complete(gateway.kill()))
        outcome: list[object] = []
        with connect(gateway.url, "slower") as stream:
            sent = threading.Event()
            stream.on(FrameSent, lambda _: sent.set())
            sender = threading.Thread(target=lambda: outcome.append(stream.send(QUICK)))
            sender.start()
            self.assertTrue(sent.wait(60))
            self.assertIn("framegate-client", thread_names())
        sender.join(60)
        [lost] = outcome
        assert isinstance(lost, Lost), lost
        self.assertEqual(lost.error.code, "closed")
        self.assertNotIn("framegate-client", thread_names())
        with self.assertRaises(ClientError):
            stream.offer(QUICK)

    def test_invalid_use(self) -> None:
        with self.assertRaises(ValueError):
            connect("ftp://host", "echo")
        with self.assertRaises(RuntimeError):
            SyncClient(self.gateway.url, "echo").send(QUICK)
        with connect(self.gateway.url, "echo") as stream:
            with self.assertRaises(TypeError):
                stream.send("text")  # type: ignore[arg-type]
            errors: list[BaseException] = []

            def wait(_: Result) -> None:
                try:
                    stream.ready()
                except RuntimeError as error:
                    errors.append(error)

            stream.on(Result, wait)
            stream.send(QUICK)
            self.assertEqual(len(errors), 1, "a listener that waits would wait for itself")
