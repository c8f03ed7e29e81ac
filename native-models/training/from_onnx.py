"""Starts a training round from an exported model, so that the shipped weights can be trained further."""

import numpy as np
import onnx
import torch
from onnx import numpy_helper


@torch.no_grad()
def start_from(model, path, block, images):
    """Load the weights of the exported model at `path` into `model`, whose convolutions with a norm are of the class `block`.

    An export folds each norm into its convolution. Here, each norm gets the mean and variance that `images` give its convolution,
    and the scale and shift that undo them. So the model computes what the exported one does, and its norms can learn. Parameters
    that the exported model lacks keep their values; of those that grew, the old rows are loaded.
    """
    weights = {entry.name.split(".", 1)[1]: numpy_helper.to_array(entry) for entry in onnx.load(path).graph.initializer if "." in entry.name}
    blocks = {name: module for name, module in model.named_modules() if isinstance(module, block)}
    shifts = {f"{name}.0.bias": module for name, module in blocks.items()}
    for name, value in weights.items():
        if name not in shifts:
            load(model.get_parameter(name), value)
    handles = [shifts[name][0].register_forward_hook(undo(shifts[name][1], weights[name])) for name in shifts if name in weights]
    model.eval()
    model(images)
    for handle in handles:
        handle.remove()


def load(parameter, value):
    """Copy an array into a parameter, or into the first rows of one that has grown. The first layer of a uint8 input is converted back."""
    value = torch.from_numpy(np.array(value))
    if parameter.ndim == 4 and value.shape[1:] != parameter.shape[1:]:
        outputs, _, height, wide = value.shape
        colors = parameter.shape[1]
        value = value.reshape(outputs, height, wide // colors, colors).permute(0, 3, 1, 2) * 255
    parameter[: len(value)] = value


def undo(norm, bias):
    """Return a hook for a convolution that gives its norm the statistics of the output, and the scale and shift that keep it."""
    def hook(_, __, output):
        axes = (0, 2, 3)
        norm.running_mean.copy_(output.mean(axes))
        norm.running_var.copy_(output.var(axes))
        norm.weight.copy_((norm.running_var + norm.eps).sqrt())
        norm.bias.copy_(torch.from_numpy(np.array(bias)) + norm.running_mean)
    return hook
