"""Owns the ONNX export of the plate reader: folds the norms, adds the softmax and writes the metadata."""

import argparse
import os
from pathlib import Path

import onnx
import torch

from reader import ALPHABET, HEIGHT, WIDTH, ExportedReader, PlateReader, fuse

OPSET = 17


def export(checkpoint, output, version):
    """Write `output` with a free batch axis, through a rename."""
    reader = PlateReader()
    reader.load_state_dict(torch.load(checkpoint, weights_only=True))
    model = ExportedReader(fuse(reader.eval())).eval()
    partial = output.with_suffix(".partial")
    torch.onnx.export(model, torch.zeros(1, 1, HEIGHT, WIDTH), str(partial), opset_version=OPSET, dynamo=False,
                      input_names=["images"], output_names=["probabilities"],
                      dynamic_axes={"images": {0: "batch"}, "probabilities": {0: "batch"}})
    graph = onnx.load(str(partial))
    metadata = {
        "description": "framegate reader of licence plates and short codes, trained on synthetic crops",
        "author": "framegate",
        "version": version,
        "license": "Apache-2.0",
        "task": "text-recognition",
        "imgsz": str([HEIGHT, WIDTH]),
        "alphabet": ALPHABET,
    }
    onnx.helper.set_model_props(graph, metadata)
    onnx.checker.check_model(graph)
    onnx.save(graph, str(partial))
    os.replace(partial, output)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--output", required=True, type=Path)
    parser.add_argument("--version", default="1.0.0")
    options = parser.parse_args()
    export(options.checkpoint, options.output, options.version)


if __name__ == "__main__":
    main()
