"""Creates tiny YOLO models with each family's own exporter, and the expected results with the family's own code.

Writes NAME.onnx and NAME.json for each fixture, and README.md with the versions. Needs torch, torchvision, onnx,
onnxruntime, opencv-python-headless, ultralytics, onnxslim, yolov5, yolov7detect, pixeltable-yolox, and transformers.
Downloads nothing: every network is built from a configuration and keeps its random weights.
"""

import argparse
import os
import tempfile
from importlib.metadata import version
from pathlib import Path

os.environ.update(YOLO_AUTOINSTALL="false", YOLO_OFFLINE="true", YOLO_CONFIG_DIR=tempfile.mkdtemp())

import numpy as np
import torch

from fixture_file import check_same, save_expected, save_network
from fixture_list import FIXTURES

PACKAGES = ["torch", "onnx", "onnxruntime", "ultralytics", "yolov5", "yolov7detect", "pixeltable-yolox", "transformers"]


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


def make(name, family, folder):
    torch.manual_seed(7)
    sizes = family.sizes()
    pictures = [picture(*size, seed) for seed, size in enumerate(sizes)]
    with tempfile.TemporaryDirectory() as scratch:
        model = family(pictures, Path(scratch))
        lowest, iou, gaps = model.thresholds(pictures)
        found = [model.describe(image, lowest, iou) for image in pictures]
        save_network(model.onnx_path, folder / f"{name}.onnx", model.metadata)
        model.use(folder / f"{name}.onnx")
        check_same(name, found, [model.describe(image, lowest, iou) for image in pictures])
        os.chdir(folder)  # Leave the scratch folder: an exporter may have changed to it.
    frames = [
        {"width": width, "height": height, "seed": seed, **results}
        for seed, ((width, height), results) in enumerate(zip(sizes, found))
    ]
    settings = {"model_json": model.model_json} if model.model_json else {}
    thresholds = {"score_threshold": lowest, "iou_threshold": iou}
    task = {"task": model.task, "tool": model.tool}
    save_expected({**task, **thresholds, "names": model.names, **settings, "frames": frames}, folder / f"{name}.json")
    size = (folder / f"{name}.onnx").stat().st_size
    gaps = " ".join(f"{gap:.4f}" for gap in gaps)
    print(f"{name}: {size} bytes, {[len(results['boxes']) for results in found]} boxes, gaps {gaps}", flush=True)


def write_readme(folder):
    lines = [
        "# Tiny YOLO models",
        "",
        "These models have random weights. The tests use them to check that framegate finds the same as the software of each YOLO family.",
        "`NAME.onnx` was exported by the family's own tool. `NAME.json` has what the family's own preprocessing, decoding, and NMS find in",
        "generated images, whose width, height, and seed it gives. It lists by frame:",
        "",
        "- `boxes`: `[x1, y1, x2, y2, score, class]`, with coordinates in pixels of the image. The other lists have the same order.",
        "- `masks` (segment): one mask per box, at the size of the model's input, as COCO stores them: run lengths down the columns,",
        "  compressed. `segments` is how many outer contours each has.",
        "- `keypoints` (pose): one list per box of `[x, y]` or `[x, y, score]`, in pixels of the image.",
        "- `rotated` (obb): `[center x, center y, width, height, angle]` per box, in pixels of the image and radians from 0 to π/2. `boxes` has",
        "  the upright boxes around them.",
        "- `probabilities` (classify): one per class.",
        "",
        "`model_json` has what the file itself does not say about its input. A model marked \"layout only\" does not come from its",
        "family's software: a small network has the inputs and outputs of the family, and the script computes what to expect. The thresholds of",
        "models with `nms=True` are part of their files. RT-DETR's own code does not clip boxes to the image.",
        "",
        "`native-models/training/export_fixtures.py` creates all files, including this page. It used these versions:",
        "",
        *[f"- {package} {version(package)}" for package in PACKAGES],
        "",
        "| model | task | exported by | input, width × height |",
        "|---|---|---|---|",
        *[
            f"| `{name}` | {family.task} | {family.exporter}{family.note and f'; {family.note}'} | {family.input} |"
            for name, family in FIXTURES.items()
        ],
        "",
    ]
    (folder / "README.md").write_text("\n".join(lines))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path(__file__).parents[2] / "test/fixtures/yolo")
    parser.add_argument("--only", nargs="*", default=list(FIXTURES))
    options = parser.parse_args()
    output = options.output.resolve()
    for name in options.only:
        make(name, FIXTURES[name], output)
    write_readme(output)


if __name__ == "__main__":
    main()
