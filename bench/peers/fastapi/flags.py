"""Owns the flags of the command line."""

import argparse
import os

from models import READERS, usual_reader


def whole_number(highest):
    """A type for flags: 0 to `highest`."""

    def read(text):
        if text.isascii() and text.isdigit() and int(text) <= highest:
            return int(text)
        raise argparse.ArgumentTypeError(f'must be a whole number from 0 to {highest}; it is "{text}"')

    return read


def read_flags():
    """Flags of the command line; a bad one ends the process with code 2."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=whole_number(65_535), default=8000)
    parser.add_argument("--reader", choices=READERS, default=usual_reader())
    threads_help = "threads that run the pipeline; 0 runs it in the handler, on the event loop"
    parser.add_argument("--threads", type=whole_number(256), default=os.cpu_count(), help=threads_help)
    ort_help = "threads of ONNX Runtime in one run; 0 leaves the choice to it"
    parser.add_argument("--ort-threads", type=whole_number(256), default=1, help=ort_help)
    ping_help = "seconds between pings, and until a sender that answers none is closed; 0 sends none"
    parser.add_argument("--ping", type=whole_number(3600), default=20, help=ping_help)
    return parser.parse_args()
