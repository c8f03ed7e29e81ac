"""Flags of both Python peers."""

import argparse

from models import RECOGNIZERS, default_recognizer

PIPELINE_ID = "yolo_ocr"
MAX_FRAME_BYTES = 5 * 1024 * 1024


def whole_number(maximum, minimum=0):
    """A flag type: an integer from `minimum` to `maximum`."""

    def read(text):
        if text.isascii() and text.isdigit() and minimum <= int(text) <= maximum:
            return int(text)
        raise argparse.ArgumentTypeError(f'must be an integer from {minimum} to {maximum}, not "{text}"')

    return read


def peer_flags():
    """A parser with the common flags; an invalid flag exits with code 2."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=whole_number(65_535), default=8000)
    parser.add_argument("--reader", choices=RECOGNIZERS, default=default_recognizer())
    ort_help = "threads per run of ONNX Runtime; 0 for its default"
    parser.add_argument("--ort-threads", type=whole_number(256), default=1, help=ort_help)
    return parser
