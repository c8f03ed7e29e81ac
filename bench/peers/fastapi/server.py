"""The stream: a FastAPI handler that runs the pipeline on each frame and decides about drops afterwards."""

import asyncio
import signal
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path

# The code shared by both Python peers is not a package.
sys.path.append(str(Path(__file__).resolve().parents[1] / "python-pipeline"))

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

from flags import read_flags
from options import MAX_FRAME_BYTES, PIPELINE_ID
from pipeline import InvalidFrame, PlatePipeline

STREAM_PATH = "/ws/video/stream"
# The result of a frame that took longer is stale.
BUDGET_MS = 1000
# Fraction of dropped frames above which the sender gets slow_down, and the minimum number of frames for a meaningful rate.
SLOW_DOWN_RATE, MIN_FRAMES = 0.3, 10


class StreamError(Exception):
    """Ends a session with an error."""

    def __init__(self, error, detail, close_code):
        super().__init__(detail)
        self.message, self.close_code = {"error": error, "detail": detail}, close_code


class Session:
    """Counters of one stream."""

    frames = drops = 0
    is_warned = False

    def count(self, dropped):
        """Returns whether to send slow_down."""
        self.frames += 1
        self.drops += dropped
        was_warned = self.is_warned
        self.is_warned = self.frames >= MIN_FRAMES and self.drops / self.frames > SLOW_DOWN_RATE
        return self.is_warned and not was_warned


async def process(stream, frame, session, run):
    """Runs the pipeline on one frame and sends the outcome."""
    if frame is None:
        raise StreamError("invalid_message", "Expected binary frame payload", 1003)
    if len(frame) > MAX_FRAME_BYTES:
        raise StreamError("frame_too_large", "Frame exceeds 5MB", 1009)
    frame_index = session.frames
    try:
        result = await run(frame)
    except InvalidFrame:
        raise StreamError("invalid_frame", "Not a valid JPEG image", 1007) from None
    except Exception:
        raise StreamError("pipeline_failure", "YOLO inference failed", 1011) from None
    dropped = result["timings_ms"]["total"] > BUDGET_MS
    outcome = {"dropped": True} if dropped else {"result": result}
    await stream.send_json({"frame_index": frame_index, **outcome})
    if session.count(dropped):
        await stream.send_json({"warning": "slow_down"})


def create_app(run, threads):
    """The application; `run` awaits the pipeline's result for a frame."""

    @asynccontextmanager
    async def lifespan(_):
        if threads > 0:
            asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(threads))
        yield

    app = FastAPI(lifespan=lifespan)

    @app.websocket(STREAM_PATH)
    async def stream(stream: WebSocket, pipeline_id: str = ""):
        await stream.accept()
        # The sender may disconnect before its reply.
        with suppress(WebSocketDisconnect):
            try:
                if not pipeline_id:
                    raise StreamError("invalid_pipeline", "pipeline_id query parameter is required", 1008)
                if pipeline_id != PIPELINE_ID:
                    raise StreamError("invalid_pipeline", f"Unknown pipeline_id: {pipeline_id}", 1008)
                session = Session()
                while (message := await stream.receive())["type"] != "websocket.disconnect":
                    await process(stream, message.get("bytes"), session, run)
            except StreamError as error:
                await stream.send_json(error.message)
                await stream.close(error.close_code)

    return app


def main():
    """Serves until SIGTERM."""
    # uvicorn shuts down gracefully on SIGTERM and then raises it again; this handler turns it into exit code 0.
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
