"""Exports the detector to ONNX: folds the norms, adds decoding and a uint8 input, and writes Ultralytics-style metadata."""

import argparse
from pathlib import Path

import torch

from detector import STRIDES, ConvBlock, ExportedDetector, PlateDetector
from onnx_file import finish, fuse
from pixel_input import take_pixels

OPSET = 17


def export(checkpoint, output, height, width, version):
    """Write `output` atomically, with a free input size; `height` and `width` become its default, `imgsz`."""
    detector = PlateDetector()
    detector.load_state_dict(torch.load(checkpoint, weights_only=True))
    model = ExportedDetector(fuse(detector.eval(), ConvBlock)).eval()
    partial = output.with_suffix(".partial")
    torch.onnx.export(model, torch.zeros(1, 3, height, width), str(partial), opset_version=OPSET, dynamo=False,
                      input_names=["images"], output_names=["output0"],
                      dynamic_axes={"images": {2: "height", 3: "width"}, "output0": {2: "boxes"}})
    metadata = {
        "description": "framegate licence-plate detector, trained on synthetic scenes",
        "version": version,
        "task": "detect",
        "stride": str(max(STRIDES)),
        "batch": "1",
        "imgsz": str([height, width]),
        "names": "{0: 'plate'}",
    }
    finish(partial, output, metadata, take_pixels)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--output", required=True, type=Path)
    parser.add_argument("--height", type=int, default=480)
    parser.add_argument("--width", type=int, default=640)
    parser.add_argument("--version", default="1.0.0")
    options = parser.parse_args()
    export(options.checkpoint, options.output, options.height, options.width, options.version)


if __name__ == "__main__":
    main()
