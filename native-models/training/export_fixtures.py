"""Makes tiny random YOLO models with each family's own exporter, and the boxes that family's own code finds with them.

Writes NAME.onnx and NAME.json for each family, and README.md with the versions. Needs torch, torchvision, onnx,
onnxruntime, opencv-python-headless, ultralytics, onnxslim, yolov5, yolov7detect and pixeltable-yolox. Nothing is
downloaded: every network is built from a configuration and keeps its random weights.
"""

import argparse
import json
import os
import tempfile
from importlib.metadata import version
from pathlib import Path

os.environ.update(YOLO_AUTOINSTALL="false", YOLO_OFFLINE="true", YOLO_CONFIG_DIR=tempfile.mkdtemp())

import numpy as np
import onnx
import torch

from fixture_ultralytics import Ultralytics
from fixture_v5_v7 import YoloV5, YoloV7
from fixture_yolox import YoloX

SQUARE, WIDE, TALL = (128, 128), (96, 160), (160, 128)  # Height first.

FAMILIES = {
    "v8": Ultralytics("yolov8.yaml", SQUARE),
    "v8-free": Ultralytics("yolov8.yaml", TALL, dynamic=True),
    "v8-half": Ultralytics("yolov8.yaml", SQUARE, half_io=True),
    "v11": Ultralytics("yolo11.yaml", WIDE),
    "v12": Ultralytics("yolo12.yaml", SQUARE, quantize=16),
    "v10": Ultralytics("yolov10n.yaml", SQUARE, nms=False),
    "v26": Ultralytics("yolo26.yaml", WIDE, nms=False),
    "v5": YoloV5(WIDE),
    "v7": YoloV7(SQUARE),
    "yolox": YoloX(WIDE),
}

PACKAGES = ["torch", "onnx", "onnxruntime", "ultralytics", "yolov5", "yolov7detect", "pixeltable-yolox"]

# How many boxes of both pictures should pass, before suppression.
FEWEST, MOST = 40, 90

# Dates, versions and notices of the tool say nothing about the model's layout; the README names tools and versions.
METADATA_THAT_IS_READ = ("names", "imgsz", "stride", "task", "end2end", "batch")


def picture(width, height, seed):
    """BGR uint8 [height, width, 3] from whole numbers only, so that the tests can draw the same one.

    Twice a model's input, in squares of 2 × 2: any resizer gives the same bytes for it. Random networks magnify the last
    bit of a pixel, in which two correct resizers differ, until nothing can be compared.
    """
    y, x, channel = np.meshgrid(np.arange(height) // 2, np.arange(width) // 2, np.arange(3), indexing="ij")
    column, row = x // 5, y // 5
    value = 37 * column * column + 59 * row * row + 11 * column * row * (channel + 1) + 91 * channel
    rgb = ((value + 2 * x + 3 * y + 29 * seed) % 256).astype(np.uint8)
    return np.ascontiguousarray(rgb[:, :, ::-1])


def middle_of_widest_gap(values):
    """The threshold that is farthest from every value, so that rounding moves nothing across it."""
    gaps = np.diff(values)
    widest = int(np.argmax(gaps))
    return float(values[widest] + gaps[widest] / 2), float(gaps[widest])


def score_threshold(found):
    scores = np.sort(np.concatenate([boxes[:, 4] for boxes in found]))[::-1]
    return middle_of_widest_gap(np.sort(scores[FEWEST:MOST]))


def iou_threshold(found, lowest):
    """Between 0.4 and 0.6, away from the overlap of any two boxes of one class."""
    overlaps = [0.4, 0.6]
    for boxes in found:
        boxes = boxes[boxes[:, 4] > lowest]
        corner = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
        size = np.clip(np.minimum(boxes[:, None, 2:4], boxes[None, :, 2:4]) - corner, 0, None)
        shared = size[..., 0] * size[..., 1]
        area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
        iou = shared / np.maximum(area[:, None] + area[None] - shared, 1e-9)
        same = (boxes[:, None, 5] == boxes[None, :, 5]) & (np.arange(len(boxes))[:, None] < np.arange(len(boxes)))
        overlaps += [value for value in iou[same] if 0.4 < value < 0.6]
    return middle_of_widest_gap(np.sort(overlaps))


def make(name, family, folder):
    torch.manual_seed(7)
    height, width = family.imgsz
    sizes = [(2 * (width - across), 2 * (height - down)) for across, down in family.bars]
    pictures = [picture(*size, seed) for seed, size in enumerate(sizes)]
    with tempfile.TemporaryDirectory() as scratch:
        model = family(pictures, Path(scratch))
        everything = [model.detect(image, 0.02, 1.0) for image in pictures]
        lowest, score_gap = score_threshold(everything)
        iou, iou_gap = iou_threshold(everything, lowest)
        found = [model.detect(image, lowest, iou) for image in pictures]
        network = onnx.load(model.onnx_path)
        del network.graph.value_info[:]  # Shapes of inner values: half the file in some, and nobody needs them.
        read = [entry for entry in network.metadata_props if entry.key in METADATA_THAT_IS_READ]
        del network.metadata_props[:]
        network.metadata_props.extend(read)
        onnx.save(network, folder / f"{name}.onnx")
        os.chdir(folder)  # Out of the scratch folder, where an exporter may have gone.
    frames = [
        {"width": width, "height": height, "seed": seed, "boxes": [[round(float(v), 4) for v in box] for box in boxes]}
        for seed, ((width, height), boxes) in enumerate(zip(sizes, found))
    ]
    expected = {"score_threshold": lowest, "iou_threshold": iou, "names": model.names, "frames": frames}
    (folder / f"{name}.json").write_text(json.dumps(expected).replace("], [", "],\n[") + "\n")
    size = (folder / f"{name}.onnx").stat().st_size
    print(f"{name}: {size} bytes, {[len(boxes) for boxes in found]} boxes, gaps {score_gap:.4f} {iou_gap:.4f}", flush=True)


def write_readme(folder):
    lines = [
        "# Tiny YOLO models",
        "",
        "Random weights, each exported by its family's own tool; `NAME.json` has the boxes that the family's own letterbox,",
        "head and suppression find with it in two drawn pictures: x1, y1, x2, y2 in pixels of the picture, score, class.",
        "`native-models/training/export_fixtures.py` makes all of it. Versions used:",
        "",
        *[f"- {package} {version(package)}" for package in PACKAGES],
        "",
        "| model | exported by | input |",
        "|---|---|---|",
        *[f"| `{name}` | {family.exporter} | {family.input} |" for name, family in FAMILIES.items()],
        "",
    ]
    (folder / "README.md").write_text("\n".join(lines))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path(__file__).parents[2] / "test/fixtures/yolo")
    parser.add_argument("--only", nargs="*", default=list(FAMILIES))
    options = parser.parse_args()
    output = options.output.resolve()
    for name in options.only:
        make(name, FAMILIES[name], output)
    write_readme(output)


if __name__ == "__main__":
    main()
