"""Owns the flags that both Python peers have."""

import argparse

from models import READERS, usual_reader

PIPELINE_ID = "yolo_ocr"
MAX_FRAME_BYTES = 5 * 1024 * 1024


def whole_number(highest, lowest=0):
    """A type for flags: `lowest` to `highest`."""

    def read(text):
        if text.isascii() and text.isdigit() and lowest <= int(text) <= highest:
            return int(text)
        raise argparse.ArgumentTypeError(f'must be a whole number from {lowest} to {highest}; it is "{text}"')

    return read


def peer_flags():
    """A parser with the flags of both; a bad one ends the process with code 2."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=whole_number(65_535), default=8000)
    parser.add_argument("--reader", choices=READERS, default=usual_reader())
    ort_help = "threads of ONNX Runtime in one run; 0 leaves the choice to it"
    parser.add_argument("--ort-threads", type=whole_number(256), default=1, help=ort_help)
    return parser
