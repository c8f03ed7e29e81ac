"""Mixes the weights of two exported models of one network, of which the second was trained further from the first.

The mixture keeps more of what the first one had learned than the second one does (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models").
"""

import argparse

import numpy as np
import onnx
from onnx import numpy_helper


def mix(first, second, share):
    """Move the float weights of `second`, in place, so that it has this share of its own and the rest of `first`'s."""
    share = np.float32(share)
    before = {entry.name: numpy_helper.to_array(entry) for entry in first.graph.initializer}
    for entry in second.graph.initializer:
        old, new = before.get(entry.name), numpy_helper.to_array(entry)
        # Single numbers are constants of the decoding.
        if old is None or new.dtype != np.float32 or new.size == 1:
            continue
        if old.shape != new.shape:
            raise ValueError(f"{entry.name} has shape {old.shape} in one model and {new.shape} in the other")
        entry.CopyFrom(numpy_helper.from_array((1 - share) * old + share * new, entry.name))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", required=True)
    parser.add_argument("--second", required=True)
    parser.add_argument("--share", type=float, default=0.8, help="share of the second one's weights")
    parser.add_argument("--output", required=True)
    options = parser.parse_args()
    second = onnx.load(options.second)
    mix(onnx.load(options.first), second, options.share)
    onnx.save(second, options.output)


if __name__ == "__main__":
    main()
