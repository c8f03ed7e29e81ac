"""Writes the held-out synthetic set: augmented scenes of the model's input size, and a truth.tsv."""

import argparse
import csv
from pathlib import Path

import cv2
import numpy as np

from augment import SCALES, augment
from backgrounds import load_pool
from plates import FontBook
from reader_lines import Glyphs, font_paths
from scenes import SceneMaker


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", required=True, type=Path)
    parser.add_argument("--fonts", default="/usr/share/fonts")
    parser.add_argument("--pool", help="folder of images prepared by backgrounds.py")
    parser.add_argument("--scenes", type=int, default=300)
    parser.add_argument("--height", type=int, default=480)
    parser.add_argument("--width", type=int, default=640)
    parser.add_argument("--close-ups", action="store_true", help="one plate per scene, a third to nine tenths as wide as the picture")
    parser.add_argument("--seed", type=int, default=9001, help="a seed that no renderer of training scenes used")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(options.seed)
    kind = {"shots": (("close-up", np.array((1 / 3, 0.9)) * options.width, (1, 2), 1.0),), "empty_share": 0} if options.close_ups else {}
    maker = SceneMaker(rng, FontBook(options.fonts), Glyphs(font_paths([options.fonts])), load_pool(options.pool),
                       max(options.height, options.width), **kind)
    with open(options.output / "truth.tsv", "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, delimiter="\t")
        table.writerow(("file", "x", "y", "w", "h"))
        for index in range(options.scenes):
            picture, boxes = augment(rng, *maker.draw(), options.height, options.width, (1, 1) if options.close_ups else SCALES)
            name = f"{index:04d}.png"
            cv2.imwrite(str(options.output / name), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
            for x0, y0, x1, y1 in boxes:
                table.writerow((name, *(round(float(v), 1) for v in (x0, y0, x1 - x0, y1 - y0))))


if __name__ == "__main__":
    main()
