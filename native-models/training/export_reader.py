"""Exports plate-reader to ONNX: folds the norms, adds the softmax, and writes the metadata."""

import argparse
from pathlib import Path

import torch

from onnx_file import finish, fuse
from reader import ALPHABET, HEIGHT, MARGIN_X, MARGIN_Y, WIDTH, ConvBlock, ExportedReader, PlateReader

OPSET = 17


def export(checkpoint, output, version):
    """Write `output` atomically, with a free batch axis."""
    reader = PlateReader()
    reader.load_state_dict(torch.load(checkpoint, weights_only=True))
    model = ExportedReader(fuse(reader.eval(), ConvBlock)).eval()
    partial = output.with_suffix(".partial")
    torch.onnx.export(model, torch.zeros(1, 1, HEIGHT, WIDTH), str(partial), opset_version=OPSET, dynamo=False,
                      input_names=["images"], output_names=["probabilities"],
                      dynamic_axes={"images": {0: "batch"}, "probabilities": {0: "batch"}})
    metadata = {
        "description": "framegate reader of licence plates and short codes, trained on synthetic crops",
        "version": version,
        "task": "text-recognition",
        "imgsz": str([HEIGHT, WIDTH]),
        "alphabet": ALPHABET,
        "crop_margin": str([MARGIN_X, MARGIN_Y]),
        "text_score": "product",
    }
    finish(partial, output, metadata)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--output", required=True, type=Path)
    parser.add_argument("--version", default="1.0.0")
    options = parser.parse_args()
    export(options.checkpoint, options.output, options.version)


if __name__ == "__main__":
    main()
