"""Owns the stream: a FastAPI handler that runs the pipeline on each frame it receives, and decides on drops after it."""

import asyncio
import signal
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path

# What both Python peers share is no package.
sys.path.append(str(Path(__file__).resolve().parents[1] / "python-pipeline"))

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

from flags import read_flags
from options import MAX_FRAME_BYTES, PIPELINE_ID
from pipeline import InvalidFrame, PlatePipeline

STREAM_PATH = "/ws/video/stream"
# A frame whose pipeline took longer is not worth its result.
BUDGET_MS = 1000
# The part of a session's frames that may be dropped before its sender is told; fewer frames say nothing about a rate.
SLOW_DOWN_RATE, FEWEST_FRAMES = 0.3, 10


class Refused(Exception):
    """Ends a session with an error."""

    def __init__(self, error, detail, close_code):
        super().__init__(detail)
        self.message, self.close_code = {"error": error, "detail": detail}, close_code


class Session:
    """What is counted of one stream."""

    frames = drops = 0
    is_told = False

    def count(self, dropped):
        """Whether the sender is to be told to slow down."""
        self.frames += 1
        self.drops += dropped
        was_told = self.is_told
        self.is_told = self.frames >= FEWEST_FRAMES and self.drops / self.frames > SLOW_DOWN_RATE
        return self.is_told and not was_told


async def answer(stream, frame, session, run):
    """Runs the pipeline on one frame and sends what came of it."""
    if frame is None:
        raise Refused("invalid_message", "Expected binary frame payload", 1003)
    if len(frame) > MAX_FRAME_BYTES:
        raise Refused("frame_too_large", "Frame exceeds 5MB", 1009)
    frame_index = session.frames
    try:
        result = await run(frame)
    except InvalidFrame:
        raise Refused("invalid_frame", "Not a valid JPEG image", 1007) from None
    except Exception:
        raise Refused("pipeline_failure", "YOLO inference failed", 1011) from None
    dropped = result["timings_ms"]["total"] > BUDGET_MS
    outcome = {"dropped": True} if dropped else {"result": result}
    await stream.send_json({"frame_index": frame_index, **outcome})
    if session.count(dropped):
        await stream.send_json({"warning": "slow_down"})


def create_app(run, threads):
    """The application; `run` awaits the pipeline's answer to a frame."""

    @asynccontextmanager
    async def lifespan(_):
        if threads > 0:
            asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(threads))
        yield

    app = FastAPI(lifespan=lifespan)

    @app.websocket(STREAM_PATH)
    async def stream(stream: WebSocket, pipeline_id: str = ""):
        await stream.accept()
        # The sender may leave before its answer.
        with suppress(WebSocketDisconnect):
            try:
                if not pipeline_id:
                    raise Refused("invalid_pipeline", "pipeline_id query parameter is required", 1008)
                if pipeline_id != PIPELINE_ID:
                    raise Refused("invalid_pipeline", f"Unknown pipeline_id: {pipeline_id}", 1008)
                session = Session()
                while (message := await stream.receive())["type"] != "websocket.disconnect":
                    await answer(stream, message.get("bytes"), session, run)
            except Refused as refused:
                await stream.send_json(refused.message)
                await stream.close(refused.close_code)

    return app


def main():
    """Serves until SIGTERM."""
    # uvicorn stops in order on SIGTERM and then raises it again, for this.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    flags = read_flags()
    pipeline = PlatePipeline(flags.reader, flags.ort_threads)

    async def run_in_handler(frame):
        return pipeline.run(frame)

    async def run_in_thread(frame):
        return await asyncio.to_thread(pipeline.run, frame)

    app = create_app(run_in_thread if flags.threads > 0 else run_in_handler, flags.threads)
    ping = flags.ping or None
    settings = {"ws_per_message_deflate": False, "ws_ping_interval": ping, "ws_ping_timeout": ping}
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=5, **settings)
    listener = socket.create_server(("127.0.0.1", flags.port), backlog=1024)
    port = listener.getsockname()[1]
    print(f"listening on ws://127.0.0.1:{port}{STREAM_PATH}?pipeline_id={PIPELINE_ID}", flush=True)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
