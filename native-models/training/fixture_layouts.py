"""Fixtures of families whose software is not at hand: LAYOUT ONLY.

Each is a small random network with the inputs and outputs of its family. What to expect is computed here, by the formula
of the family's published post-processing. If that formula is read wrong here, no test can show it.
"""

import numpy as np
import torch

from fixture_family import Family
from fixture_network import NAMES, LegacyExporter, OnnxNetwork, tensor_of_letterboxed, tensor_of_stretched

QUERIES = 30
IMAGENET_MEAN, IMAGENET_STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


IMAGENET = {"normalization": {"mean": IMAGENET_MEAN, "std": IMAGENET_STD}}


class Layout(Family):
    """A network that looks at each part of a coarse grid. Boxes come first, as four values from 0 to 1, then class logits."""

    note = "layout only"
    candidates = (12, 32)
    inputs = ["images"]
    exporter = "`torch`"

    def __init__(self, imgsz):
        self.imgsz, self.names = imgsz, NAMES
        self.input = f"{imgsz[1]} × {imgsz[0]}, {self.preprocessing}"

    def sizes(self):
        """Both axes are halved, or only one."""
        height, width = self.imgsz
        return [(2 * width, 2 * height), (2 * width, height)]

    def __call__(self, pictures, scratch):
        network = self.network()
        with torch.no_grad():
            network.scale(torch.cat([self.feeds(image)[0] for image in pictures]))
        self.onnx_path = scratch / "layout.onnx"
        with LegacyExporter():
            torch.onnx.export(network, tuple(self.feeds(pictures[0])), self.onnx_path, opset_version=17,
                              input_names=self.inputs, output_names=self.outputs)
        self.use(self.onnx_path)
        return self

    def use(self, path):
        self.saved = OnnxNetwork(path)

    def run(self, image):
        return [output[0].numpy() for output in self.saved(*self.feeds(image))]

    def feeds(self, image):
        """Return the tensors of all inputs for one frame."""
        return [tensor_of_stretched(image, self.imgsz)]

    def detect(self, image, lowest, iou):
        rows = self.rows(image)
        rows = rows[rows[:, 4] > lowest]
        return rows[np.argsort(-rows[:, 4], kind="stable")]


class Grid(torch.nn.Module):
    """Convolutions that give a feature vector for each of the cells, and two linear layers: boxes and logits."""

    def __init__(self, imgsz, finish, side=0.2):
        super().__init__()
        self.finish, self.side = finish, side  # The side of boxes, as a part of the input.
        self.features = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 8, 8), torch.nn.Tanh(), torch.nn.Conv2d(8, 16, 3, 2, 1),
                                            torch.nn.Tanh())
        self.boxes, self.logits = torch.nn.Linear(16, 4), torch.nn.Linear(16, len(NAMES))
        rows, columns = imgsz[0] // 16, imgsz[1] // 16
        y, x = torch.meshgrid((torch.arange(rows) + 0.5) / rows, (torch.arange(columns) + 0.5) / columns, indexing="ij")
        self.register_buffer("cells", torch.stack([x.flatten(), y.flatten()], 1)[None])

    def scale(self, batch):
        """Give both outputs a known mean and deviation over the batch."""
        seen = self.features(batch).flatten(2).transpose(1, 2)
        wanted = [(self.boxes, [0.0, 0.0, self.side, self.side], 0.08), (self.logits, [-1.0] * len(NAMES), 1.5)]
        for layer, mean, deviation in wanted:
            values = layer(seen).flatten(0, 1)
            factor = deviation / values.std(0)
            layer.weight *= factor[:, None]
            layer.bias.copy_((layer.bias - values.mean(0)) * factor + torch.tensor(mean))

    def forward(self, images, *others):
        seen = self.features(images).flatten(2).transpose(1, 2)
        corrections = self.boxes(seen)
        center = (self.cells + corrections[..., :2]).clamp(0, 1)
        return self.finish(torch.cat([center, corrections[..., 2:].clamp(0.02, 0.9)], 2), self.logits(seen), *others)


def normalized(tensor):
    """Normalize RGB from 0 to 1 as for ImageNet."""
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (IMAGENET_MEAN, IMAGENET_STD))
    return (tensor - mean) / std


def corners(boxes):
    """Convert center, width, height to x1, y1, x2, y2."""
    return torch.cat([boxes[..., :2] - boxes[..., 2:] / 2, boxes[..., :2] + boxes[..., 2:] / 2], -1)


def best_pairs(logits, count):
    """Return score, class, and query of the best pairs of query and class."""
    scores, index = logits.sigmoid().flatten(1).topk(count, 1)
    return scores, index % logits.shape[2], index // logits.shape[2]


class OriginalRtDetr(Layout):
    """RT-DETR's `PostProcessor` in the file: labels, boxes x1, y1, x2, y2 in pixels of `orig_target_sizes`, scores."""

    preprocessing = "stretched; `orig_target_sizes` has width, height"
    inputs, outputs = ["images", "orig_target_sizes"], ["labels", "boxes", "scores"]

    def network(self):
        def finish(boxes, logits, sizes):
            scores, labels, query = best_pairs(logits, QUERIES)
            boxes = corners(boxes) * sizes.repeat(1, 2)[:, None].float()
            return labels, boxes.gather(1, query[..., None].expand(-1, -1, 4)), scores

        return Grid(self.imgsz, finish)

    def feeds(self, image):
        return [tensor_of_stretched(image, self.imgsz), torch.tensor([image.shape[1::-1]])]

    def rows(self, image):
        labels, boxes, scores = self.run(image)
        return np.concatenate([boxes, scores[:, None], labels[:, None]], 1)


class DFine(OriginalRtDetr):
    """D-FINE's deployed model has the same inputs and outputs as RT-DETR's."""


class RfDetr(Layout):
    """RF-DETR: `dets` are center, width, height from 0 to 1, `labels` are logits. The best pairs are chosen outside."""

    preprocessing = "stretched, normalized as for ImageNet"
    model_json = IMAGENET
    inputs, outputs = ["input"], ["dets", "labels"]

    def network(self):
        return Grid(self.imgsz, lambda boxes, logits: (boxes, logits))

    def feeds(self, image):
        return [normalized(tensor_of_stretched(image, self.imgsz))]

    def rows(self, image):
        boxes, logits = self.run(image)
        scores = 1 / (1 + np.exp(-logits))
        best = np.argsort(-scores.flatten(), kind="stable")[: len(boxes)]
        query, label = best // logits.shape[1], best % logits.shape[1]
        height, width = image.shape[:2]
        boxes = corners(torch.from_numpy(boxes[query])).numpy() * [width, height, width, height]
        return np.concatenate([boxes, scores.flatten()[best, None], label[:, None]], 1)


class WithNms(Layout):
    """Boxes x1, y1, x2, y2 in pixels of the input and scores; the best class of each box, then NMS by class."""

    candidates = (15, 45)

    def detect(self, image, lowest, iou):
        rows, kept = super().detect(image, lowest, iou), []
        overlaps = self.overlaps(rows)
        for index, row in enumerate(rows):
            if not any(rows[other, 5] == row[5] and overlaps[index, other] > iou for other in kept):
                kept.append(index)
        return self.to_frame(rows[kept], image)

    def network(self):
        height, width = self.imgsz
        pixels = torch.tensor([width, height, width, height])
        return Grid(self.imgsz, lambda boxes, logits, *_: self.finish(corners(boxes) * pixels, logits.sigmoid()), 0.4)

    @staticmethod
    def best_class(boxes, scores):
        return np.concatenate([boxes, scores.max(1)[:, None], scores.argmax(1)[:, None]], 1)


class YoloNas(WithNms):
    """YOLO-NAS: boxes [1, N, 4], scores [1, N, classes]."""

    preprocessing = "letterboxed"
    outputs = ["boxes", "scores"]
    bars = [(0, 36), (48, 0)]
    sizes = Family.sizes

    @staticmethod
    def finish(boxes, scores):
        return boxes, scores

    def feeds(self, image):
        return [tensor_of_letterboxed(image, self.imgsz)]

    def rows(self, image):
        return self.best_class(*self.run(image))

    def to_frame(self, rows, image):
        """Undo the letterbox, which halved the frame."""
        height, width = image.shape[:2]
        left, top = (self.imgsz[1] - width / 2) / 2, (self.imgsz[0] - height / 2) / 2
        rows[:, :4] = np.clip((rows[:, :4] - [left, top, left, top]) * 2, 0, [width, height, width, height])
        return rows


class PpYoloE(WithNms):
    """PP-YOLOE without NMS: boxes [1, N, 4], scores [1, classes, N]. `scale_factor` 1 leaves boxes in pixels of the input."""

    preprocessing = "stretched, normalized as for ImageNet; `scale_factor` is input / frame of height, width"
    model_json = IMAGENET
    inputs, outputs = ["image", "scale_factor"], ["boxes", "scores"]

    def network(self):
        height, width = self.imgsz
        pixels = torch.tensor([width, height, width, height])

        def finish(boxes, logits, factor):
            boxes = corners(boxes) * pixels / factor[:, [1, 0, 1, 0]][:, None]
            return boxes, logits.sigmoid().transpose(1, 2)

        return Grid(self.imgsz, finish, 0.4)

    def feeds(self, image):
        return [normalized(tensor_of_stretched(image, self.imgsz)), torch.ones(1, 2)]

    def rows(self, image):
        boxes, scores = self.run(image)
        return self.best_class(boxes, scores.T)

    def to_frame(self, rows, image):
        height, width = image.shape[:2]
        rows[:, :4] *= np.array([width, height, width, height]) / np.tile(self.imgsz[::-1], 2)
        return rows
