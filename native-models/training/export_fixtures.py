"""Creates tiny YOLO models with each family's own exporter, and the expected boxes with the family's own code.

Writes NAME.onnx and NAME.json for each family, and README.md with the versions. Needs torch, torchvision, onnx,
onnxruntime, opencv-python-headless, ultralytics, onnxslim, yolov5, yolov7detect, and pixeltable-yolox. Downloads
nothing: every network is built from a configuration and keeps its random weights.
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

# How many boxes of both images should pass the score threshold, before NMS.
MIN_BOXES, MAX_BOXES = 40, 90

# Other metadata (dates, versions, notices) does not describe the output format. The README lists tools and versions.
KEPT_METADATA = ("names", "imgsz", "stride", "task", "end2end", "batch")


def picture(width, height, seed):
    """Return a BGR uint8 image [height, width, 3], computed with integers only, so that the tests can draw the same image.

    The image is twice the model's input and consists of 2x2 squares, so every resizer returns the same bytes. Random
    networks amplify even differences in the last bit of a pixel, by which two correct resizers differ.
    """
    y, x, channel = np.meshgrid(np.arange(height) // 2, np.arange(width) // 2, np.arange(3), indexing="ij")
    column, row = x // 5, y // 5
    value = 37 * column * column + 59 * row * row + 11 * column * row * (channel + 1) + 91 * channel
    rgb = ((value + 2 * x + 3 * y + 29 * seed) % 256).astype(np.uint8)
    return np.ascontiguousarray(rgb[:, :, ::-1])


def middle_of_widest_gap(values):
    """Return the threshold that is farthest from every value, so that rounding cannot change the outcome."""
    gaps = np.diff(values)
    widest = int(np.argmax(gaps))
    return float(values[widest] + gaps[widest] / 2), float(gaps[widest])


def score_threshold(found):
    scores = np.sort(np.concatenate([boxes[:, 4] for boxes in found]))[::-1]
    return middle_of_widest_gap(np.sort(scores[MIN_BOXES:MAX_BOXES]))


def iou_threshold(found, lowest):
    """Return a threshold between 0.4 and 0.6 that is far from the IoU of any two boxes of one class."""
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
        del network.graph.value_info[:]  # Shapes of inner values are not needed and take up to half of the file.
        read = [entry for entry in network.metadata_props if entry.key in KEPT_METADATA]
        del network.metadata_props[:]
        network.metadata_props.extend(read)
        onnx.save(network, folder / f"{name}.onnx")
        os.chdir(folder)  # Leave the scratch folder: an exporter may have changed to it.
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
        "These YOLO models have random weights. The tests use them to check that framegate finds the same boxes as the software of each YOLO",
        "family. `NAME.onnx` was exported by the family's own tool. `NAME.json` has the boxes that the family's own letterbox, decoding, and",
        "NMS find in two generated images. Each box is `[x1, y1, x2, y2, score, class]`, with coordinates in pixels of the image.",
        "",
        "`native-models/training/export_fixtures.py` creates all files, including this page. It used these versions:",
        "",
        *[f"- {package} {version(package)}" for package in PACKAGES],
        "",
        "| model | exported by | input, width × height |",
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
