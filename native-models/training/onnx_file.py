"""Steps that all exports share: fold norms, add metadata, check the model, and write it atomically."""

import os

import onnx
from torch import nn

SHARED_METADATA = {"author": "framegate", "license": "Apache-2.0"}


def fuse(module, block):
    """Fold the batch norm of every `block` into the preceding convolution, in place. The module must be in eval mode."""
    for child in module.children():
        if isinstance(child, block):
            child[0] = nn.utils.fuse_conv_bn_eval(child[0], child[1])
            child[1] = nn.Identity()
        else:
            fuse(child, block)
    return module


def finish(partial, output, metadata, change=None):
    """Apply `change` to the model at `partial`, add the metadata, check the model, and rename the file to `output`."""
    graph = onnx.load(str(partial))
    if change is not None:
        change(graph)
    onnx.helper.set_model_props(graph, {**metadata, **SHARED_METADATA})
    onnx.checker.check_model(graph)
    onnx.save(graph, str(partial))
    os.replace(partial, output)
