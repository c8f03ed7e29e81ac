"""The fixtures of the `yolov5` and `yolov7detect` packages, whose heads have three anchors per cell."""

from copy import deepcopy
from pathlib import Path

import numpy as np
import torch
import yaml

from fixture_family import Family
from fixture_network import CHANNELS, EVEN_BARS, NAMES, LegacyExporter, OnnxNetwork, calibrate, standardize


class WithAnchors(Family):
    """A network with v5's head: `[1, boxes, 5 + classes]`, three anchors per cell."""

    bars = EVEN_BARS

    def randomize(self, network, pictures):
        batch = calibrate(network, pictures, self.imgsz)
        standardize(network, batch, {conv: self.row() * 3 for conv in network.model[-1].m})

    def row(self):
        """Return mean and deviation of what the head returns for one box."""
        return [(0.0, 1.0)] * 4 + [(0.0, 1.5)] + [(0.0, 2.0)] * len(NAMES)

    def use(self, path):
        """Run this ONNX file from now on."""
        self.network = OnnxNetwork(path)

    def tensor(self, image, letterbox):
        fitted = letterbox(image, self.imgsz, auto=False)[0]
        planes = np.ascontiguousarray(fitted[:, :, ::-1].transpose(2, 0, 1))
        return torch.from_numpy(planes)[None].float() / 255


class YoloV5(WithAnchors):
    exporter = "`yolov5`, yolov5n.yaml"
    config, model = "yolov5n.yaml", "DetectionModel"

    def __init__(self, imgsz):
        self.imgsz, self.input = imgsz, f"{imgsz[1]} × {imgsz[0]}"

    def __call__(self, pictures, scratch):
        from yolov5.models import yolo

        self.network = getattr(yolo, self.model)(self.configuration())
        self.network.names, self.names = NAMES, NAMES
        self.randomize(self.network, pictures)
        self.onnx_path = export_v5(self.network, self.imgsz, scratch)
        return self

    def configuration(self):
        import yolov5.models

        config = yaml.safe_load((Path(yolov5.models.__file__).parent / self.config).read_text())
        config.update(nc=len(NAMES), depth_multiple=0.01, width_multiple=1.0)
        config["anchors"] = [[side / 4 for side in level] for level in config["anchors"]]
        for layer in [*config["backbone"], *config["head"]]:
            layer[3] = [CHANNELS.get(layer[3][0], layer[3][0]), *layer[3][1:]]
        return config

    def detect(self, image, lowest, iou):
        from yolov5.utils.augmentations import letterbox
        from yolov5.utils.general import non_max_suppression, scale_boxes

        tensor = self.tensor(image, letterbox)
        with torch.no_grad():
            found = non_max_suppression(self.network(tensor)[0], lowest, iou, max_det=1000)[0]
        found[:, :4] = scale_boxes(tensor.shape[2:], found[:, :4], image.shape)
        return found.numpy()


class YoloV7(WithAnchors):
    exporter = "`yolov7detect`, a configuration with five convolutions"
    names = NAMES
    head = ["IDetect", ["nc", "anchors"]]
    # A row is: inputs, repeats, module, arguments (channels, kernel, stride).
    LAYERS = [[-1, 1, "Conv", [8, 3, 2]], [-1, 1, "Conv", [16, 3, 2]], [-1, 1, "Conv", [24, 3, 2]],
              [-1, 1, "Conv", [32, 3, 2]], [-1, 1, "Conv", [32, 3, 2]]]
    ANCHORS = [[5, 5, 10, 8, 8, 14], [16, 12, 14, 24, 28, 20], [36, 30, 30, 52, 60, 60]]

    def __init__(self, imgsz):
        self.imgsz, self.input = imgsz, f"{imgsz[1]} × {imgsz[0]}"

    def __call__(self, pictures, scratch):
        from yolov7.models.yolo import Model

        head = [[[2, 3, 4], 1, *self.head]]
        config = {"nc": len(self.names), "depth_multiple": 1.0, "width_multiple": 1.0, "anchors": self.ANCHORS}
        self.network = Model({**config, "backbone": self.LAYERS, "head": head})
        self.randomize(self.network, pictures)
        network = deepcopy(self.network).requires_grad_(False).fuse().eval()
        network.model[-1].concat = True  # What `export.py --grid` sets.
        self.onnx_path = scratch / "v7.onnx"
        empty = torch.zeros(1, 3, *self.imgsz)
        network(empty)
        with LegacyExporter():
            torch.onnx.export(network, empty, self.onnx_path, opset_version=12, input_names=["images"],
                              output_names=["output"])
        return self

    def detect(self, image, lowest, iou):
        from yolov7.utils.datasets import letterbox
        from yolov7.utils.general import non_max_suppression, scale_coords

        tensor = self.tensor(image, letterbox)
        with torch.no_grad():
            found = non_max_suppression(self.network(tensor)[0], lowest, iou)[0]
        found[:, :4] = scale_coords(tensor.shape[2:], found[:, :4], image.shape)
        return found.numpy()


def export_v5(network, imgsz, scratch):
    from yolov5.export import export_onnx
    from yolov5.models.yolo import Detect

    network = deepcopy(network).fuse().eval()
    for module in network.modules():
        if isinstance(module, Detect):
            module.inplace, module.export = False, True
    empty = torch.zeros(1, 3, *imgsz)
    network(empty)
    with LegacyExporter():
        return Path(export_onnx(network, empty, scratch / "v5.pt", 17, False, False)[0])
