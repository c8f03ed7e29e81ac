"""Owns what every exported model has in common: folded norms, checked metadata, a file that appears whole."""

import os

import onnx
from torch import nn

SHARED_METADATA = {"author": "framegate", "license": "Apache-2.0"}


def fuse(module, block):
    """Fold the batch norm of every `block` into the convolution before it, in place, for an evaluated module."""
    for child in module.children():
        if isinstance(child, block):
            child[0] = nn.utils.fuse_conv_bn_eval(child[0], child[1])
            child[1] = nn.Identity()
        else:
            fuse(child, block)
    return module


def finish(partial, output, metadata, change=None):
    """Change the model at `partial` in place where asked, give it its metadata, check it, and rename it to `output`."""
    graph = onnx.load(str(partial))
    if change is not None:
        change(graph)
    onnx.helper.set_model_props(graph, {**metadata, **SHARED_METADATA})
    onnx.checker.check_model(graph)
    onnx.save(graph, str(partial))
    os.replace(partial, output)
