"""The client with peers that are not a gateway, and with invalid arguments."""

from __future__ import annotations

import asyncio
import logging
import re
import unittest
from http import HTTPStatus

from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from framegate_client import Client, ClientError, Lost, Result, connect

from .gateway import free_port
from .support import QUICK, until


class OtherPeersTest(unittest.IsolatedAsyncioTestCase):
    """Peers that are not a gateway, and invalid arguments."""

    def setUp(self) -> None:
        logging.disable()

    async def client_of(self, answer: str | bytes | None, **limits: float) -> Client:
        """Connect to a WebSocket server that replies to every frame with ``answer``, or never."""

        async def handle(socket: ServerConnection) -> None:
            async for _ in socket:
                if answer is not None:
                    await socket.send(answer)

        server = await serve(handle, "127.0.0.1", 0)
        self.addAsyncCleanup(server.wait_closed)
        self.addCleanup(server.close)
        port = next(iter(server.sockets)).getsockname()[1]
        return connect(f"ws://127.0.0.1:{port}", "echo", **limits)  # type: ignore[arg-type]

    async def test_close_returns_while_messages_arrive(self) -> None:
        async def handle(socket: ServerConnection) -> None:
            while True:
                await socket.send('{"warning":"slow_down"}')
                await asyncio.sleep(0)

        server = await serve(handle, "127.0.0.1", 0)
        self.addAsyncCleanup(server.wait_closed)
        self.addCleanup(server.close)
        port = next(iter(server.sockets)).getsockname()[1]
        for turn in range(200):
            client = connect(f"ws://127.0.0.1:{port}", "echo")
            async with client:
                await client.opened()
                for _ in range(turn % 20):
                    await asyncio.sleep(0)
            self.assertEqual(client.state, "closed")

    async def test_peer_that_never_replies_times_out(self) -> None:
        async with await self.client_of(None, timeout_ms=200) as client:
            await client.ready()
            reply = await client.send(QUICK).reply
            assert isinstance(reply, Lost), reply
            self.assertEqual(reply.error.code, "timed_out")

    async def test_rejected_upgrade_is_quoted(self) -> None:
        answers = {
            '{"error":"not_found","detail":"No such page; try /x?"}': " (No such page; try /x?)",
            '{"detail":404}': "",
            "<h1>Not found</h1>": "",
            "[]": "",
        }
        for body, expected in answers.items():

            def refuse(socket: ServerConnection, _: Request, body: str = body) -> Response:
                return socket.respond(HTTPStatus.NOT_FOUND, body)

            async with serve(lambda _: asyncio.sleep(0), "127.0.0.1", 0, process_request=refuse) as server:
                port = next(iter(server.sockets)).getsockname()[1]
                client = connect(f"ws://127.0.0.1:{port}", "echo", max_attempts=1)
                async with client:
                    with self.assertRaises(ClientError) as raised:
                        await client.opened()
                    self.assertEqual(raised.exception.code, "unreachable")
                    self.assertRegex(raised.exception.detail, f"HTTP 404{re.escape(expected)}$")

    async def test_peer_that_never_upgrades_times_out(self) -> None:
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

    async def test_peer_with_unknown_messages_is_fatal(self) -> None:
        others = ("hello", "5", "[" * 100_000, '{"frame_index":0}', '{"error":{}}', '{"error":"gone","detail":null}')
        for answer in (*others, b'{"frame_index":0,"dropped":true}'):
            async with await self.client_of(answer) as client:
                await client.ready()
                reply = await client.send(QUICK).reply
                assert isinstance(reply, Lost), reply
                self.assertEqual(reply.error.code, "invalid_reply")
                await until(lambda client=client: client.state == "closed")  # type: ignore[misc]

    async def test_result_with_invalid_timings_is_accepted(self) -> None:
        for total in ("NaN", "Infinity", "-1", "9" * 400, '"1"', "{}"):
            answer = f'{{"frame_index":0,"result":{{"timings_ms":{{"total":{total}}}}}}}'
            async with await self.client_of(answer) as client:
                await client.ready()
                self.assertIsInstance(await client.send(QUICK).reply, Result)
                self.assertEqual(client.state, "open")

    async def test_reply_with_an_unknown_index_is_ignored(self) -> None:
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

    async def test_invalid_arguments(self) -> None:
        for address in ("host:8000", "ftp://host", "ws://", "no address"):
            with self.assertRaises(ValueError):
                connect(address, "echo")
        with self.assertRaisesRegex(ValueError, "max_fps must be above 0"):
            connect("ws://host", "echo", max_fps=0)
        with self.assertRaises(TypeError):
            connect("ws://host", "echo").send("text")  # type: ignore[arg-type]


if __name__ == "__main__":
    unittest.main()
