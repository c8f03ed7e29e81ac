"""Creates the failure images of the model cards: contact sheets of errors on synthetic data."""

import argparse
from pathlib import Path

import cv2
import numpy as np

from evaluate_detector import MATCH_IOU, Runner, iou, read_truth
from evaluate_reader import bare, open_session, read
from reader_crops import make_crop
from reader_lines import Glyphs, font_paths

RED, WHITE = (50, 60, 255), (255, 255, 255)
# Margin around a box on the detector's sheet, in box widths, and size of a cell.
SURROUNDINGS, CELL = 1.0, (240, 180)
CAPTION = 22
# Seeds that no training run used.
READER_SEED = 10_007


def sheet(cells, columns):
    """Arrange cells of equal size in rows of `columns`. The last row is padded with black."""
    cells = cells + [np.zeros_like(cells[0])] * (-len(cells) % columns)
    rows = [np.hstack(cells[i : i + columns]) for i in range(0, len(cells), columns)]
    return np.vstack(rows)


def captioned(picture, text, color):
    """Return the image with one line of text below it."""
    strip = np.zeros((CAPTION, picture.shape[1], 3), np.uint8)
    cv2.putText(strip, text, (4, CAPTION - 7), cv2.FONT_HERSHEY_SIMPLEX, 0.45, color, 1, cv2.LINE_AA)
    return cv2.copyMakeBorder(np.vstack((picture, strip)), 2, 2, 2, 2, cv2.BORDER_CONSTANT)


def around(picture, box):
    """Return the surroundings of a box, scaled to a cell, with the box marked."""
    x, y, w, h = box
    scale = CELL[0] / (w * (1 + 2 * SURROUNDINGS))
    warp = np.array(((scale, 0, CELL[0] / 2 - scale * (x + w / 2)), (0, scale, CELL[1] / 2 - scale * (y + h / 2))), np.float32)
    cell = cv2.warpAffine(picture, warp, CELL, flags=cv2.INTER_CUBIC)
    corner = (CELL[0] - w * scale) / 2, (CELL[1] - h * scale) / 2
    opposite = corner[0] + w * scale, corner[1] + h * scale
    cv2.rectangle(cell, tuple(map(int, corner)), tuple(map(int, opposite)), RED, 1, cv2.LINE_AA)
    return cell


def detector_failures(model, folder, threshold, each):
    """Return cells of false boxes, highest scores first, and of missed plates, largest first."""
    runner = Runner(model)
    false, missed = [], []
    for name, plates in read_truth(folder).items():
        picture = cv2.imread(str(folder / name))
        boxes, scores = runner.detect(picture)
        boxes, scores = boxes[scores >= threshold], scores[scores >= threshold]
        for box, score in zip(boxes, scores):
            if all(iou(box[None], np.array(plate))[0] < MATCH_IOU for plate in plates):
                false.append((score, around(picture, box)))
        for plate in plates:
            if not len(boxes) or iou(boxes, np.array(plate)).max() < MATCH_IOU:
                missed.append((plate[2], around(picture, plate)))
    false = sorted(false, key=lambda f: -f[0])[:each]
    missed = sorted(missed, key=lambda m: -m[0])[:each]
    return ([captioned(cell, f"false, {score:.2f}", WHITE) for score, cell in false]
            + [captioned(cell, f"missed, {width:.0f} px wide", WHITE) for width, cell in missed])


def reader_failures(model, fonts, crops, count):
    """Return cells of misread crops, highest scores first."""
    session, rng, glyphs = open_session(model), np.random.default_rng(READER_SEED), Glyphs(font_paths(fonts))
    wrong = []
    for _ in range(crops):
        picture, truth, *_ = make_crop(rng, glyphs, [])
        text, _, product = read(session, picture)
        if bare(text) != bare(truth):
            wrong.append((product, picture, f"{text} not {truth} {product:.2f}"))
    wrong.sort(key=lambda w: -w[0])
    return [captioned(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR), words, WHITE) for _, picture, words in wrong[:count]]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", required=True, help="image to write")
    parser.add_argument("--detector", help="detector to evaluate on the images in --folder")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--threshold", type=float, default=0.5)
    parser.add_argument("--reader", help="recognizer to evaluate on synthetic crops")
    parser.add_argument("--fonts", nargs="+", default=["/usr/share/fonts"])
    parser.add_argument("--crops", type=int, default=1000)
    options = parser.parse_args()
    if options.detector:
        cells, columns = detector_failures(options.detector, options.folder, options.threshold, 8), 4
    else:
        cells, columns = reader_failures(options.reader, options.fonts, options.crops, 20), 4
    cv2.imwrite(options.output, sheet(cells, columns))


if __name__ == "__main__":
    main()
