"""The server: LitServe with one worker process per core, each with the pipeline; one JPEG per request."""

import multiprocessing
import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Annotated

# The code shared by both Python peers is not a package. Set here, since the worker processes import this file again.
sys.path.append(str(Path(__file__).resolve().parents[1] / "python-pipeline"))

import litserve
from fastapi import Depends, HTTPException, Request
from fastapi.responses import JSONResponse

from options import MAX_FRAME_BYTES, PIPELINE_ID, peer_flags, whole_number
from pipeline import InvalidFrame, PlatePipeline

HOST = "127.0.0.1"
FRAMES_PATH, HEALTH_PATH = "/frames", "/health"
# Interval of health checks until the workers are ready, and the timeout of one check.
CHECK_INTERVAL_SECONDS, CHECK_TIMEOUT_SECONDS = 0.05, 5
# LitServe ends its HTTP processes after this time even if a connection is open.
SHUTDOWN_SECONDS = 1


def contract_error(status, error, detail):
    """An error of the gateway's contract."""
    return HTTPException(status, {"error": error, "detail": detail})


async def read_frame(request: Request, pipeline_id: str = "") -> bytes:
    """The raw body. LitServe's default parses JSON and forms, which would add a parser and a copy per JPEG."""
    if not pipeline_id:
        raise contract_error(400, "invalid_pipeline", "pipeline_id query parameter is required")
    if pipeline_id != PIPELINE_ID:
        raise contract_error(404, "invalid_pipeline", f"Unknown pipeline_id: {pipeline_id}")
    frame = await request.body()
    if len(frame) > MAX_FRAME_BYTES:
        raise contract_error(413, "frame_too_large", "Frame exceeds 5MB")
    return frame


class PlateApi(litserve.LitAPI):
    """The pipeline as LitServe runs it: `setup` and `predict` in each worker process."""

    def __init__(self, recognizer, ort_threads):
        super().__init__(api_path=FRAMES_PATH)
        self.recognizer, self.ort_threads = recognizer, ort_threads

    def setup(self, device):
        """Loads and warms up the models."""
        self.pipeline = PlatePipeline(self.recognizer, self.ort_threads)

    def decode_request(self, request: Annotated[bytes, Depends(read_frame)]):
        """The annotation tells FastAPI how the HTTP process reads a request."""
        return request

    def predict(self, frame):
        """Runs the pipeline on one JPEG."""
        try:
            return self.pipeline.run(frame)
        except InvalidFrame:
            raise contract_error(400, "invalid_frame", "Not a valid JPEG image") from None

    def encode_response(self, result):
        """The gateway's response to `POST /frames`."""
        return {"frame_index": 0, "result": result}


def free_port():
    """LitServe accepts neither port 0 nor a socket."""
    with socket.create_server((HOST, 0)) as listener:
        return listener.getsockname()[1]


def announce(port):
    """Prints the URL once all workers have loaded their models: LitServe listens as soon as one has."""
    while True:
        try:
            with urllib.request.urlopen(f"http://{HOST}:{port}{HEALTH_PATH}", timeout=CHECK_TIMEOUT_SECONDS):
                break
        except (urllib.error.URLError, OSError):
            time.sleep(CHECK_INTERVAL_SECONDS)
    print(f"listening on http://{HOST}:{port}{FRAMES_PATH}?pipeline_id={PIPELINE_ID}", flush=True)


def stop_on_sigterm():
    """LitServe shuts down gracefully only on Ctrl-C; its HTTP processes inherit this handler and just exit."""
    main_process = os.getpid()

    def stop(*_):
        if os.getpid() == main_process:
            raise KeyboardInterrupt
        sys.exit(0)

    signal.signal(signal.SIGTERM, stop)


def main():
    """Serves until SIGTERM."""
    parser = peer_flags()
    workers_help = "processes that run the pipeline"
    parser.add_argument("--workers", type=whole_number(256, 1), default=os.cpu_count(), help=workers_help)
    servers_help = "HTTP server processes"
    parser.add_argument("--servers", type=whole_number(256, 1), default=1, help=servers_help)
    flags = parser.parse_args()
    api = PlateApi(flags.reader, flags.ort_threads)
    server = litserve.LitServer(
        api,
        accelerator="cpu",
        workers_per_device=flags.workers,
        fast_queue=True,
        healthcheck_path=HEALTH_PATH,
        disable_openapi_url=True,
    )

    @server.app.exception_handler(HTTPException)
    async def send_error(_, error):
        return JSONResponse(error.detail, error.status_code)

    server.uvicorn_graceful_timeout = SHUTDOWN_SECONDS
    port = flags.port or free_port()
    multiprocessing.Process(target=announce, args=(port,), daemon=True).start()
    stop_on_sigterm()
    quiet = {"log_level": "error", "access_log": False}
    server.run(HOST, port, num_api_servers=flags.servers, generate_client_file=False, **quiet)


if __name__ == "__main__":
    main()
