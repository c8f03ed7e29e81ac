"""The fixtures of the `yolov5` package to segment and classify, and of the `yolov7detect` package for poses."""

import torch

from fixture_family import Family, classify_sizes, rounded
from fixture_masks import count_segments, encode_mask
from fixture_network import CLASSES, OnnxNetwork, calibrate, standardize, standardize_classes
from fixture_thresholds import classify_threshold
from fixture_v5_v7 import YoloV5, YoloV7, export_v5

PROTOTYPES = 8
KEYPOINTS = 17


class YoloV5Segment(YoloV5):
    """Cuts masks by the box before it enlarges them, unlike `ultralytics`, so their edges are smooth inside the box."""

    task, candidates = "segment", (18, 40)
    exporter = "`yolov5`, yolov5n-seg.yaml"
    note = "masks are cut before they are enlarged"
    config, model = "segment/yolov5n-seg.yaml", "SegmentationModel"

    def configuration(self):
        config = super().configuration()
        config["head"][-1][3] = ["nc", "anchors", PROTOTYPES, 8]
        config["anchors"] = [[2 * side for side in level] for level in config["anchors"]]
        return config

    def row(self):
        """Vary the size of boxes little: a box between two pixels of the prototypes has an empty mask."""
        center, scores = [(0.0, 1.0)] * 2, super().row()[4:]
        return center + [(1.0, 0.1)] * 2 + scores + [(1.8, 1.0)] * PROTOTYPES

    def found(self, image, lowest, iou):
        """Return rows and masks [rows, height, width]."""
        from yolov5.utils.augmentations import letterbox
        from yolov5.utils.general import non_max_suppression, scale_boxes
        from yolov5.utils.segment.general import process_mask

        tensor = self.tensor(image, letterbox)
        with torch.no_grad():
            predicted, prototypes = self.network(tensor)[:2]
        found = non_max_suppression(predicted, lowest, iou, max_det=1000, nm=PROTOTYPES)[0]
        masks = process_mask(prototypes[0], found[:, 6:], found[:, :4], self.imgsz, upsample=True)
        found[:, :4] = scale_boxes(tensor.shape[2:], found[:, :4], image.shape)
        return found.numpy(), masks.numpy()

    def detect(self, image, lowest, iou):
        return self.found(image, lowest, iou)[0]

    def describe(self, image, lowest, iou):
        rows, masks = self.found(image, lowest, iou)
        assert masks.any((1, 2)).all(), "a mask is empty"
        return {"boxes": rounded(rows[:, :6]), "masks": [encode_mask(mask) for mask in masks],
                "segments": [count_segments(mask) for mask in masks]}


class YoloV5Classify(Family):
    """Returns logits. Its own preprocessing cuts out the middle, resizes it with OpenCV, and normalizes as for ImageNet."""

    task = "classify"
    exporter = "`yolov5`, the first layers of yolov5n.yaml with `ClassificationModel`"
    note = "logits"
    model_json = {"output_format": "logits", "normalization": "imagenet"}

    def __init__(self, imgsz):
        self.imgsz, self.names = imgsz, CLASSES
        self.input = f"{imgsz[1]} × {imgsz[0]}, normalized as for ImageNet"

    def sizes(self):
        return classify_sizes(self.imgsz[0])

    def __call__(self, pictures, scratch):
        from yolov5.models.yolo import ClassificationModel, DetectionModel

        whole = DetectionModel(YoloV5(self.imgsz).configuration())
        self.network = ClassificationModel(model=whole, nc=len(CLASSES))
        self.network.names = dict(enumerate(CLASSES))
        head = self.network.model[-1]
        head.conv = type(head.conv)(head.conv.conv.in_channels, 32)
        head.linear = torch.nn.Linear(32, len(CLASSES))
        batch = calibrate(self.network, pictures, self.imgsz, self.tensor)
        standardize_classes(self.network, batch, head.linear)
        self.onnx_path = export_v5(self.network, self.imgsz, scratch)
        return self

    def use(self, path):
        self.network = lambda tensor, saved=OnnxNetwork(path): saved(tensor)[0]

    def tensor(self, image, imgsz):
        from yolov5.utils.augmentations import classify_transforms

        return classify_transforms(imgsz[0])(image)[None]

    def describe(self, image, lowest, iou):
        with torch.no_grad():
            probabilities = torch.softmax(self.network(self.tensor(image, self.imgsz)), 1)[0]
        return {"boxes": [], "probabilities": [round(value, 6) for value in probabilities.tolist()]}

    def thresholds(self, pictures):
        return classify_threshold(self, pictures)


class YoloV7Pose(YoloV7):
    """Its head has one class, and 17 keypoints with scores: [1, boxes, 6 + 51]."""

    task, candidates = "pose", (30, 60)
    model_json = {"keypoint_shape": [KEYPOINTS, 3]}
    exporter = "`yolov7detect`, a configuration with five convolutions and `IKeypoint`"
    names = ["person"]
    head = ["IKeypoint", ["nc", "anchors", KEYPOINTS]]

    def randomize(self, network, pictures):
        batch = calibrate(network, pictures, self.imgsz)
        head = network.model[-1]
        boxes = [(0.0, 1.0)] * 4 + [(0.0, 1.5), (0.0, 2.0)]
        point = [(0.0, 0.5), (0.0, 0.5), (0.0, 1.5)]
        wanted = {**{conv: boxes * 3 for conv in head.m}, **{conv: point * KEYPOINTS * 3 for conv in head.m_kpt}}
        standardize(network, batch, wanted)

    def detect(self, image, lowest, iou):
        from yolov7.utils.datasets import letterbox
        from yolov7.utils.general import non_max_suppression_kpt, scale_coords

        tensor = self.tensor(image, letterbox)
        with torch.no_grad():
            found = non_max_suppression_kpt(self.network(tensor)[0], lowest, iou, kpt_label=True, nc=1, nkpt=KEYPOINTS)[0]
        found[:, :4] = scale_coords(tensor.shape[2:], found[:, :4], image.shape)
        points = found[:, 6:].reshape(-1, 3)
        points[:, :2] = scale_coords(tensor.shape[2:], points[:, [0, 1, 0, 1]], image.shape)[:, :2]
        return torch.cat([found[:, :6], points.reshape(len(found), -1)], 1).numpy()

    def describe(self, image, lowest, iou):
        rows = self.detect(image, lowest, iou)
        return {"boxes": rounded(rows[:, :6]), "keypoints": rounded(rows[:, 6:].reshape(-1, KEYPOINTS, 3))}
