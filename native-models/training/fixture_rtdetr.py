"""The fixtures of RT-DETR as the `ultralytics` package builds it: the present output, and that of older versions."""

import numpy as np
import torch

from fixture_family import rounded
from fixture_network import NAMES, LegacyExporter, OnnxNetwork, calibrate, standardize, tensor_of_stretched
from fixture_ultralytics import Ultralytics

QUERIES = 30
# Decoder: classes, hidden width, queries, points per head, heads, layers, width of the feed-forward layers.
DECODER = ["nc", 16, QUERIES, 2, 2, 2, 16]


class RtDetr(Ultralytics):
    """Writes [1, queries, 6]: center, width, and height as parts of the input, score, class; best pairs first.

    The package stretches frames to the input, and does not clip boxes to the frame.
    """

    candidates = (12, 32)

    def __init__(self, imgsz, **export):
        super().__init__("rtdetr-resnet50.yaml", imgsz, **export)
        self.input += ", stretched"

    def package_model(self, path):
        import ultralytics

        return ultralytics.RTDETR(str(path))

    def shrink(self, config):
        config.update(nc=len(NAMES))
        channels = 3
        for layer in config["backbone"]:
            first = layer[3][3]
            layer[3] = [channels, 8, *layer[3][2:4], 1]
            channels = 8 if first else 32
        for layer in config["head"]:
            if layer[2] in ("Conv", "RepC3"):
                layer[1], layer[3] = 1, [16, *layer[3][1:]]
        attention = next(layer for layer in config["head"] if layer[2] == "AIFI")
        attention[3] = [32, 2]
        config["head"][-1][3] = DECODER
        return config

    def randomize(self, network, pictures):
        """Replace the zeros that the last layers of the boxes have before training, and spread boxes and scores."""
        batch = calibrate(network, pictures, self.imgsz, tensor_of_stretched)
        head = network.model[-1]
        corrections = [layers.layers[-1] for layers in head.dec_bbox_head]
        for last in corrections:
            torch.nn.init.normal_(last.weight)
        wanted = {last: [(0.0, 0.5)] * 2 + [(0.5, 0.6)] * 2 for last in corrections}
        wanted[head.dec_score_head[-1]] = [(-1.0, 1.5)] * len(NAMES)  # The last layer's are the only ones in use.
        standardize(network, batch, wanted)
        self.network = network

    def sizes(self):
        """Both axes are halved, or only one."""
        height, width = self.imgsz
        return [(2 * width, 2 * height), (2 * width, height)]


class OldRtDetr(RtDetr):
    """Writes [1, queries, 4 + classes], scores after the sigmoid, as the package did until it chose the best pairs itself."""

    note = "the network wrapped to return what older versions did"

    def use(self, path):
        self.saved = OnnxNetwork(path)

    def __call__(self, pictures, scratch):
        super().__call__(pictures, scratch)
        self.onnx_path = scratch / "old.onnx"
        with LegacyExporter():
            torch.onnx.export(AllScores(self.network), torch.zeros(1, 3, *self.imgsz), self.onnx_path, opset_version=17,
                              input_names=["images"], output_names=["output0"])
        self.metadata = {"task": "detect", "head": "RTDETRDecoder", "imgsz": str(list(self.imgsz)),
                         "names": str(dict(enumerate(NAMES)))}
        self.use(self.onnx_path)
        return self

    def describe(self, image, lowest, iou):
        return {"boxes": rounded(self.detect(image, lowest, iou))}

    def detect(self, image, lowest, iou):
        """Do what the package's predictor did: the best class of each query, best queries first."""
        height, width = image.shape[:2]
        found = self.saved(tensor_of_stretched(image, self.imgsz))[0][0].numpy()
        center, size, scores = found[:, :2], found[:, 2:4], found[:, 4:]
        boxes = np.concatenate([center - size / 2, center + size / 2], 1) * [width, height, width, height]
        rows = np.concatenate([boxes, scores.max(1)[:, None], scores.argmax(1)[:, None]], 1)
        rows = rows[rows[:, 4] > lowest]
        return rows[np.argsort(-rows[:, 4])]


class AllScores(torch.nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, images):
        _, (boxes, scores, *_) = self.network(images)
        return torch.cat([boxes[0], scores[0].sigmoid()], 2)
