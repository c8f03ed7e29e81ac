"""The renderer process: draws scenes into the ring until it is stopped or has drawn the requested number."""

import argparse
import os

import cv2
import numpy as np

from backgrounds import load_pool
from plates import FontBook
from reader_lines import Glyphs, font_paths
from ring import BUSY, Ring
from scenes import SceneMaker


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ring", required=True)
    parser.add_argument("--fonts", default="/usr/share/fonts")
    parser.add_argument("--pool", help="folder of images prepared by backgrounds.py")
    parser.add_argument("--slots", type=int, default=8000)
    parser.add_argument("--size", type=int, default=416)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scenes", type=int, default=0, help="stop after this many scenes; 0: run until the parent process ends")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    ring = Ring(options.ring, options.slots, options.size)
    maker = SceneMaker(np.random.default_rng(options.seed), FontBook(options.fonts), Glyphs(font_paths([options.fonts])), load_pool(options.pool), options.size)
    parent, drawn = os.getppid(), 0
    while os.getppid() == parent and (not options.scenes or drawn < options.scenes):
        free = np.flatnonzero(ring.counts == BUSY)
        slot = free[0] if len(free) else drawn % options.slots
        ring.write(slot, *maker.draw())
        drawn += 1


if __name__ == "__main__":
    main()
