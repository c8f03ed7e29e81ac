"""Owns the ONNX export: folds the norms, bakes the decoding in and writes Ultralytics-style metadata."""

import argparse
import os
from pathlib import Path

import onnx
import torch

from detector import STRIDES, ExportedDetector, PlateDetector, fuse

OPSET = 17


def export(checkpoint, output, height, width, version):
    """Write `output` for one static input size, through a rename."""
    detector = PlateDetector()
    detector.load_state_dict(torch.load(checkpoint, weights_only=True))
    model = ExportedDetector(fuse(detector.eval())).eval()
    partial = output.with_suffix(".partial")
    torch.onnx.export(model, torch.zeros(1, 3, height, width), str(partial), opset_version=OPSET, dynamo=False,
                      input_names=["images"], output_names=["output0"])
    graph = onnx.load(str(partial))
    metadata = {
        "description": "framegate licence-plate detector, trained on synthetic scenes",
        "author": "framegate",
        "version": version,
        "license": "Apache-2.0",
        "task": "detect",
        "stride": str(max(STRIDES)),
        "batch": "1",
        "imgsz": str([height, width]),
        "names": "{0: 'plate'}",
    }
    onnx.helper.set_model_props(graph, metadata)
    onnx.checker.check_model(graph)
    onnx.save(graph, str(partial))
    os.replace(partial, output)


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
