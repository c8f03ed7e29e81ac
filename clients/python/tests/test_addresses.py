"""Stream URLs are derived as in the TypeScript client, whose tests use the same fixture."""

import json
import unittest
from pathlib import Path

from framegate_client import connect
from framegate_client.client import _stream_url

_CASES = Path(__file__).resolve().parents[3] / "test/fixtures/stream-addresses.json"


class AddressTest(unittest.TestCase):
    """The URL that is opened for an address."""

    def test_stream_url_of_an_address(self) -> None:
        """The stream's path is appended to an address that ends with a slash; any other path is used as is."""
        cases: dict[str, str] = json.loads(_CASES.read_text())
        for address, url in cases.items():
            self.assertEqual(_stream_url(address, "yolo"), url, address)

    def test_camera_name_replaces_that_of_the_address(self) -> None:
        """Without one, that of the address is kept."""
        base = "ws://gate.example/ws/video/stream?"
        self.assertEqual(_stream_url(f"{base}camera=a", "yolo", "Tor 3"), f"{base}pipeline_id=yolo&camera=Tor+3")
        self.assertEqual(_stream_url(f"{base}camera=a", "yolo"), f"{base}camera=a&pipeline_id=yolo")

    def test_invalid_address_is_rejected(self) -> None:
        """The error is raised before connecting."""
        for address in ("", "no address", "gate.example:8000", "ftp://gate.example", "ws://"):
            with self.assertRaises(ValueError, msg=address):
                connect(address, "yolo")
