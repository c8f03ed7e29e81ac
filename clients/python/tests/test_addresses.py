"""Addresses mean the same as they do to the client library of TypeScript, whose tests read the same file."""

import json
import unittest
from pathlib import Path

from framegate_client import connect
from framegate_client.client import _stream_url

_CASES = Path(__file__).resolve().parents[3] / "test/fixtures/stream-addresses.json"


class AddressTest(unittest.TestCase):
    """What is opened for an address."""

    def test_an_address_becomes_that_of_the_stream(self) -> None:
        """One that ends with a slash is a base, any other path is the stream's own."""
        cases: dict[str, str] = json.loads(_CASES.read_text())
        for address, url in cases.items():
            self.assertEqual(_stream_url(address, "yolo"), url, address)

    def test_what_is_no_address_is_refused(self) -> None:
        """Before anything is connected."""
        for address in ("", "no address", "gate.example:8000", "ftp://gate.example", "ws://"):
            with self.assertRaises(ValueError, msg=address):
                connect(address, "yolo")
