"""Shared parts of the tiny networks of export_fixtures.py: classes, sizes, and random weights that detect something."""

import cv2
import numpy as np
import onnxruntime
import torch

NAMES = ["plate", "face", "driver's side"]
# Classification has more of them, so that the best five are not all.
CLASSES = ["car", "bus", "truck", "van", "driver's cab", "trailer", "none"]
# Maps the channels of a regular network to those of a tiny one.
CHANNELS = {64: 8, 128: 8, 256: 8, 512: 16, 1024: 16}
# Width and height of the letterbox bars of each image. An odd bar is one pixel thicker at the bottom.
ODD_BARS = [(0, 35), (48, 0)]
# v5 and v7 map boxes back as if an odd bar were halved, which is half a pixel off from where their letterbox puts the image.
EVEN_BARS = [(0, 36), (48, 0)]


def calibrate(network, pictures, imgsz, tensor_of=None):
    """Set the norm statistics from the images, so that activations of random weights neither vanish nor explode."""
    batch = torch.cat([(tensor_of or tensor_of_letterboxed)(image, imgsz) for image in pictures])
    free_norms(network)
    network.train()
    with torch.no_grad():
        network(batch)
    network.eval()
    return batch


def free_norms(network):
    """Make the norms average over all batches in training mode."""
    for module in norms_of(network):
        module.reset_running_stats()
        module.momentum = None


def norms_of(network):
    return [module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)]


def tensor_of_letterboxed(image, imgsz, as_yolox=False):
    """Return a letterboxed BGR image as [1, 3, height, width]: RGB, 0-1; for YOLOX, BGR, 0-255."""
    height, width = imgsz
    ratio = min(height / image.shape[0], width / image.shape[1])
    small = cv2.resize(image, (int(image.shape[1] * ratio), int(image.shape[0] * ratio)))
    canvas = np.full((height, width, 3), 114, np.uint8)
    top, left = [0, 0] if as_yolox else [(height - small.shape[0]) // 2, (width - small.shape[1]) // 2]
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    planes = canvas if as_yolox else canvas[:, :, ::-1]
    return torch.from_numpy(planes.transpose(2, 0, 1).copy())[None].float() / (1 if as_yolox else 255)


def tensor_of_stretched(image, imgsz):
    """Return a BGR image, stretched to the input, as [1, 3, height, width]: RGB, 0-1."""
    planes = cv2.resize(image, imgsz[::-1])[:, :, ::-1].transpose(2, 0, 1)
    return torch.from_numpy(planes.copy())[None].float() / 255


def standardize(network, batch, wanted):
    """Scale output layers so that each channel has the given mean and deviation over the batch.

    wanted: maps each convolution or linear layer to a list of (mean, deviation), one per channel.
    """
    seen = {}
    hooks = [layer.register_forward_hook(lambda layer, _, out: seen.update({layer: out})) for layer in wanted]
    with torch.no_grad():
        network(batch)
        for layer, targets in wanted.items():
            channel = -1 if isinstance(layer, torch.nn.Linear) else 1
            values = seen[layer].transpose(0, channel).flatten(1)
            mean, deviation = (torch.tensor(column) for column in zip(*targets))
            factor = deviation / values.std(1).clamp(min=1e-6)
            layer.weight *= factor.view(-1, *[1] * (layer.weight.dim() - 1))
            layer.bias.copy_((layer.bias - values.mean(1)) * factor + mean)
    for hook in hooks:
        hook.remove()


def standardize_classes(network, batch, linear):
    """Scale the last layer of a classifier so that its classes vary between the images of the batch."""
    seen = []
    hook = linear.register_forward_hook(lambda _, __, out: seen.append(out))
    with torch.no_grad():
        network(batch)
        factor = 1.2 / (seen[0] - seen[0].mean(0)).std()
        linear.weight *= factor
        linear.bias.copy_((linear.bias - seen[0].mean(0)) * factor + torch.linspace(-0.5, 0.5, len(linear.bias)))
    hook.remove()


class OnnxNetwork:
    """Runs an ONNX file in place of the network that was exported. Called with the tensors of its inputs, returns a list."""

    def __init__(self, path):
        self.session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        self.inputs = [each.name for each in self.session.get_inputs()]

    def __call__(self, *tensors):
        feeds = {name: tensor.numpy() for name, tensor in zip(self.inputs, tensors, strict=True)}
        return [torch.from_numpy(output) for output in self.session.run(None, feeds)]


class LegacyExporter:
    """Make torch.onnx.export use the tracing exporter by default, for which these tools were written."""

    def __enter__(self):
        self.export = torch.onnx.export
        torch.onnx.export = lambda *args, **options: self.export(*args, **{"dynamo": False, **options})

    def __exit__(self, *_):
        torch.onnx.export = self.export
