"""The client with a gateway that needs a token."""

from __future__ import annotations

import hashlib
import json
import logging
import tempfile
import unittest
from pathlib import Path

from framegate_client import Client, ClientError, Result, connect

from .gateway import Gateway
from .support import QUICK

_TOKEN = "fg_test-token"


class TokenTest(unittest.IsolatedAsyncioTestCase):
    """A token permits streams of one pipeline."""

    async def asyncSetUp(self) -> None:
        logging.disable()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        file = Path(folder.name) / "tokens.json"
        digest = hashlib.sha256(_TOKEN.encode()).hexdigest()
        entry = {"name": "test", "hash": f"sha256:{digest}", "scopes": ["stream"], "pipelines": ["echo"]}
        file.write_text(json.dumps({"tokens": [entry]}))
        self.gateway = await Gateway.start(AUTH_TOKENS_FILE=str(file))
        self.addAsyncCleanup(self.gateway.kill)

    async def test_a_token_opens_the_stream(self) -> None:
        async with connect(self.gateway.url, "echo", token=_TOKEN) as client:
            await client.ready()
            self.assertIsInstance(await client.send(QUICK).reply, Result)

    async def test_a_refusal_is_final(self) -> None:
        for pipeline, token, code in (
            ("echo", None, "unauthorized"),
            ("echo", "wrong", "unauthorized"),
            ("slow", _TOKEN, "forbidden"),
        ):
            async with connect(self.gateway.url, pipeline, token=token) as client:
                with self.assertRaises(ClientError) as raised:
                    while True:
                        await client.ready()
                        await client.send(QUICK).reply
                self.assertEqual(raised.exception.code, code)
                self.assertEqual(client.state, "closed")

    async def test_an_error_does_not_contain_the_token(self) -> None:
        with self.assertRaises(ValueError) as raised:
            Client(f"ftp://gate/?token={_TOKEN}", "echo")
        self.assertNotIn(_TOKEN, str(raised.exception))
