"""Starts and stops a real gateway from this checkout, on a free port."""

from __future__ import annotations

import asyncio
import os
import re
import socket
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[3]
_MAX_START_S = 90


def free_port() -> int:
    """Find a port that the gateway can bind again after it is killed, unlike one assigned for port 0."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _port_of(process: Process) -> int:
    """Read the log until the gateway is ready."""
    log = ""
    while process.stderr is not None:
        line = (await process.stderr.readline()).decode()
        log += line
        ready = re.search(r'"event":"ready","url":"ws://[^"]*:(\d+)/', line)
        if ready is not None:
            return int(ready[1])
        if line == "":
            break
    message = f"the gateway did not start:\n{log}"
    raise RuntimeError(message)


class Gateway:
    """A gateway with one worker and the test pipelines."""

    def __init__(self, process: Process, port: int) -> None:
        """Wrap a listening process."""
        self._process = process
        self.url = f"http://127.0.0.1:{port}"

    @staticmethod
    async def start(port: int = 0, **env: str) -> Gateway:
        """Start a gateway and wait until it is ready."""
        process = await asyncio.create_subprocess_exec(
            os.environ.get("FRAMEGATE_NODE", str(_ROOT / "node_modules/.bin/node")),
            os.environ.get("CLI_PATH", str(_ROOT / "src/cli.ts")),
            "serve",
            env={
                "PATH": os.environ.get("PATH", ""),
                "HOME": os.environ.get("HOME", ""),
                "PORT": str(port),
                "POOL_WORKERS": "1",
                "MODELS_DIR": str(_ROOT / "test/fixtures/models"),
                **env,
            },
            stdout=DEVNULL,
            stderr=PIPE,
        )
        return Gateway(process, await asyncio.wait_for(_port_of(process), _MAX_START_S))

    async def kill(self) -> None:
        """Kill it."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.communicate()
