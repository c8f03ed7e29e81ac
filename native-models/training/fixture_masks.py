"""Masks in the fixtures: run lengths as the COCO data set stores them."""

import cv2
import numpy as np


def encode_mask(mask):
    """Return {"size": [height, width], "counts": text} of a mask [height, width] with zeros and ones.

    The text is that of pycocotools: run lengths down the columns, starting with zeros; from the fourth on each is the
    difference to the one two before; in groups of five bits, lowest first, with 32 if more follow, added to "0".
    """
    values = np.asarray(mask, np.uint8).flatten(order="F")
    starts = np.flatnonzero(np.diff(values, prepend=0, append=1 - values[-1]))
    runs = np.diff(starts, prepend=0).tolist()
    text = []
    for at, run in enumerate(runs):
        value = run - (runs[at - 2] if at > 2 else 0)
        more = True
        while more:
            bits, value = value & 31, value >> 5
            more = value != (-1 if bits & 16 else 0)
            text.append(chr(48 + bits + 32 * more))
    return {"size": list(mask.shape), "counts": "".join(text)}


def count_segments(mask):
    """Return how many outer contours a mask has."""
    return len(cv2.findContours(np.ascontiguousarray(mask, np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0])
