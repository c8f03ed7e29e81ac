"""Plays valid exchanges to a WebSocket server by wsproto, which checks every frame that comes back, and prints what came as JSON.

Arguments: port, target, and `echo` or the path of a JPEG for the stream. Tests only.
"""

import json
import socket
import sys

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Message,
    Ping,
    Pong,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.extensions import PerMessageDeflate

TIMEOUT_SECONDS = 60
RECEIVE_BYTES = 65536


class Client:
    """One connection; `events` has whatever came and was not yet asked for."""

    def __init__(self, port, target, **offers):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_SECONDS)
        self.protocol = WSConnection(ConnectionType.CLIENT)
        self.events = []
        self.send(Request(host="127.0.0.1", target=target, **offers))
        self.accepted = self.next()

    def send(self, *events):
        self.socket.sendall(b"".join(self.protocol.send(event) for event in events))

    def next(self):
        while not self.events:
            data = self.socket.recv(RECEIVE_BYTES)
            self.protocol.receive_data(data or None)
            self.events.extend(self.protocol.events())
        return self.events.pop(0)

    def message(self):
        """The next message whole, joined from the pieces that wsproto gives."""
        data = None
        while True:
            event = self.next()
            if not isinstance(event, Message):
                return describe(event)
            data = event.data if data is None else data + event.data
            if event.message_finished:
                return data

    def close(self, code, reason=None):
        self.send(CloseConnection(code=code, reason=reason))
        return describe(self.next())


def describe(event):
    if isinstance(event, CloseConnection):
        return f"close {int(event.code)}"
    if isinstance(event, Pong):
        return f"pong {bytes(event.payload).decode()}"
    return type(event).__name__


def handshake(port, target):
    client = Client(port, target, subprotocols=["chat"], extensions=[PerMessageDeflate()])
    accepted = client.accepted
    assert not isinstance(accepted, RejectConnection)
    assert isinstance(accepted, AcceptConnection)
    return {"subprotocol": accepted.subprotocol, "extensions": [str(one) for one in accepted.extensions], "end": client.close(1000)}


def echo(port, target):
    client = Client(port, target)
    seen = {}
    for size in (0, 1, 125, 126, 65535, 65536, 500000):
        for data, kind in (("ä" * size, TextMessage), (bytes(size), BytesMessage)):
            client.send(kind(data=data))
            seen[f"{kind.__name__} of {size}"] = client.message() == data
    client.send(
        TextMessage(data="κόσ", message_finished=False),
        Ping(payload=b"between"),
        TextMessage(data="με", message_finished=True),
    )
    seen["fragments"] = [client.message(), client.message()]
    seen["end"] = client.close(1000, "goodbye")
    for code in (1001, 1011, 4000, 4999):
        seen[f"closed with {code}"] = Client(port, target).close(code)
    return seen


def stream(port, target, path):
    with open(path, "rb") as file:
        frame = file.read()
    client = Client(port, target)
    seen = {}
    client.send(BytesMessage(data=frame))
    seen["frame"] = list(json.loads(client.message()))
    half = len(frame) // 2
    client.send(
        BytesMessage(data=frame[:half], message_finished=False),
        Ping(payload=b"between"),
        BytesMessage(data=frame[half:], message_finished=True),
    )
    seen["fragments"] = [client.message(), list(json.loads(client.message()))]
    seen["end"] = client.close(1000)
    for name, message in (("text", TextMessage(data="hello")), ("no JPEG", BytesMessage(data=b"hello"))):
        other = Client(port, target)
        other.send(message)
        seen[name] = [json.loads(other.message())["error"], other.message()]
    return seen


def main():
    port, target, what = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    seen = echo(port, target) if what == "echo" else stream(port, target, what)
    print(json.dumps({"handshake": handshake(port, target), **seen}))


main()
