"""The fixtures of the `ultralytics` package: v8, v10, v11, v12, v26, for every task."""

import os
from pathlib import Path

import onnx
import torch
import yaml

from fixture_family import Family, classify_sizes, rounded
from fixture_masks import count_segments, encode_mask
from fixture_network import CHANNELS, CLASSES, NAMES, ODD_BARS, calibrate, norms_of, standardize, standardize_classes
from fixture_thresholds import classify_threshold

# Output convolutions of each task: the attribute of the head, and mean and deviation of what they return.
OUTPUTS = {
    "segment": [("cv4", (0.0, 1.0))],
    "pose": [("cv4", (0.0, 0.5)), ("cv4_kpts", (0.0, 1.0))],
    "obb": [("cv4", (0.0, 2.0))],
}


class Ultralytics(Family):
    """A network of the `ultralytics` package. The package itself runs the exported ONNX file."""

    bars = ODD_BARS

    def __init__(self, config, imgsz, task="detect", keypoints=None, keypoint_names=None, **export):
        self.config, self.imgsz, self.task, self.export = config, imgsz, task, export
        self.keypoints, self.keypoint_names = keypoints, keypoint_names
        self.half_io = export.pop("half_io", False)
        self.names = CLASSES if task == "classify" else NAMES
        if task != "detect":
            self.candidates = (30, 60)
        options = "".join(f", {key}={value}" for key, value in export.items())
        shape = f", kpt_shape={keypoints}" if keypoints else ""
        then = ", converted to float16 by `onnxruntime`" if self.half_io else ""
        self.exporter = f"`ultralytics`, {config}{shape}{options}{then}"
        self.input = f"{imgsz[1]} × {imgsz[0]}" + (", free size" if export.get("dynamic") else "")

    def __call__(self, pictures, scratch):
        import ultralytics

        ultralytics.settings.update({"sync": False})
        source = next(Path(ultralytics.__file__).parent.glob(f"cfg/models/*/{self.config}"))
        path = scratch / "tinyn.yaml"
        path.write_text(yaml.safe_dump(self.shrink(yaml.safe_load(source.read_text()))))
        tiny = self.package_model(path)
        tiny.model.names = dict(enumerate(self.names))
        if self.keypoint_names:
            tiny.model.kpt_names = dict.fromkeys(range(len(self.names)), self.keypoint_names)
        if self.config.startswith("yolov10"):
            self.narrow(tiny.model.model[-1])
        if self.keypoints and not self.config.startswith("yolo26"):
            self.narrow_keypoints(tiny.model.model[-1])
        self.randomize(tiny.model, pictures)
        os.chdir(scratch)  # Where the export lands.
        if self.export.get("nms"):
            self.use(export(tiny, self.imgsz, scratch))
            lowest, iou, gaps = self.thresholds(pictures)
            self.baked = lowest, iou, gaps
            self.onnx_path = export(tiny, self.imgsz, scratch, conf=lowest, iou=iou, **self.export)
        else:
            self.onnx_path = export(tiny, self.imgsz, scratch, **self.export)
        if self.half_io:
            self.onnx_path = to_half(self.onnx_path, scratch)
        self.use(self.onnx_path)
        return self

    def use(self, path):
        """Run this ONNX file from now on."""
        self.detector = self.package_model(path)

    def package_model(self, path):
        """Return the package's model of a configuration or an ONNX file."""
        import ultralytics

        return ultralytics.YOLO(str(path), task=self.task)

    def shrink(self, config):
        """Return the configuration of a family with few channels and without repeated layers."""
        config.update(nc=len(self.names), scales={"n": [0.01, 1.0, 2048]})
        config.setdefault("reg_max", 4)
        if self.keypoints:
            config["kpt_shape"] = self.keypoints
        for layer in [*config["backbone"], *config["head"]]:
            layer[3] = [CHANNELS.get(layer[3][0], layer[3][0]), *layer[3][1:]]
            if layer[2] == "A2C2f":  # Its hidden channels must be a multiple of 32: residual, MLP ratio, hidden ratio.
                layer[3] += [False, 1.0, 32 / layer[3][0]]
            if layer[2].startswith("Segment"):  # Prototypes, and channels of the layers before them.
                layer[3] = ["nc", 8, 8]
        return config

    @staticmethod
    def narrow(head):
        """v10's head has 64 hidden channels at any network width; reduce them to 16."""
        from ultralytics.nn.modules import Conv

        for stages in [head.cv2, head.one2one_cv2]:
            for level, stage in enumerate(stages):
                incoming = stage[0].conv.in_channels
                last = torch.nn.Conv2d(16, stage[-1].out_channels, 1)
                stages[level] = torch.nn.Sequential(Conv(incoming, 16, 3), Conv(16, 16, 3), last)

    @staticmethod
    def narrow_keypoints(head):
        """The hidden channels of keypoints are as many as the values of all keypoints; reduce them to 8."""
        from ultralytics.nn.modules import Conv

        for level, stage in enumerate(head.cv4):
            incoming, last = stage[0].conv.in_channels, torch.nn.Conv2d(8, head.nk, 1)
            head.cv4[level] = torch.nn.Sequential(Conv(incoming, 8, 3), Conv(8, 8, 3), last)

    def randomize(self, network, pictures):
        head = network.model[-1]
        if self.task == "classify":  # Its head has 1280 hidden channels at any network width.
            head.conv = type(head.conv)(head.conv.conv.in_channels, 32)
            head.linear = torch.nn.Linear(32, len(self.names))
            batch = calibrate(network, [middle_of(image) for image in pictures], self.imgsz)
            standardize_classes(network, batch, head.linear)
            return
        batch = calibrate(network, pictures, self.imgsz)
        wanted = {}
        for boxes, scores in [("cv2", "cv3"), ("one2one_cv2", "one2one_cv3")]:
            for stage in getattr(head, boxes, None) or []:
                wanted[stage[-1]] = self.distances(stage[-1].out_channels // 4)
            for stage in getattr(head, scores, None) or []:
                wanted[stage[-1]] = [(-2.0, 1.5)] * len(NAMES)
        for output, target in OUTPUTS.get(self.task, []):
            for stage in [*(getattr(head, output, None) or []), *(getattr(head, f"one2one_{output}", None) or [])]:
                last = stage[-1] if isinstance(stage, torch.nn.Sequential) else stage
                if isinstance(last, torch.nn.Conv2d):
                    wanted[last] = [target] * last.out_channels
                    if self.keypoints and self.keypoints[1] == 3:
                        wanted[last][2::3] = [(0.0, 1.5)] * self.keypoints[0]  # Their scores, before the sigmoid.
        network.train()  # Runs both branches of an end-to-end head. The norms stay in eval mode.
        for module in norms_of(network):
            module.eval()
        standardize(network, batch, wanted)
        network.eval()

    @staticmethod
    def distances(bins):
        """Return targets for the four sides of a box: strides if there is one bin, otherwise bin logits.

        With many bins, near ones are preferred, so that boxes do not fill the image.
        """
        if bins == 1:
            return [(2.0, 0.5)] * 4
        lean = 0.35 if bins > 4 else 0.0
        return [(-lean * nearest, 1.5) for nearest in range(bins)] * 4

    def predict(self, image, lowest, iou):
        return self.detector.predict(
            image, imgsz=self.imgsz, conf=lowest, iou=iou, max_det=1000, rect=False, verbose=False, device="cpu"
        )[0]

    def detect(self, image, lowest, iou):
        return rows_of(self.predict(image, lowest, iou))

    def describe(self, image, lowest, iou):
        result = self.predict(image, lowest, iou)
        if self.task == "classify":
            return {"boxes": [], "probabilities": [round(value, 6) for value in result.probs.data.tolist()]}
        rows = rows_of(result)
        frame = {"boxes": rounded(rows[:, :6])}
        if self.task == "segment":
            masks = result.masks.data.numpy()
            frame.update(masks=[encode_mask(mask) for mask in masks], segments=[count_segments(mask) for mask in masks])
        if self.task == "pose":
            frame["keypoints"] = rounded(result.keypoints.data)
        if self.task == "obb":
            frame["rotated"] = rounded(rows[:, 6:])
        return frame

    def overlaps(self, boxes):
        if self.task != "obb":
            return super().overlaps(boxes)
        from ultralytics.utils.metrics import batch_probiou

        rotated = torch.from_numpy(boxes[:, 6:])
        return batch_probiou(rotated, rotated).numpy()

    def sizes(self):
        return classify_sizes(self.imgsz[0]) if self.task == "classify" else super().sizes()

    def thresholds(self, pictures):
        return classify_threshold(self, pictures) if self.task == "classify" else super().thresholds(pictures)


def rows_of(result):
    """Return x1, y1, x2, y2, score, class; then, of a rotated box, center, size, and angle from 0 to 90 degrees."""
    if result.obb is None:
        return result.boxes.data.numpy()
    from ultralytics.utils.ops import regularize_rboxes

    found = result.obb
    regular = regularize_rboxes(found.xywhr)
    return torch.cat([found.xyxy, found.conf[:, None], found.cls[:, None], regular], 1).numpy()


def middle_of(image):
    """Return the largest square in the middle of an image [height, width, 3]."""
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return image[top : top + side, left : left + side]


def export(tiny, imgsz, scratch, **options):
    """Export to ONNX. The exporter takes a file under 0.1 MB for a broken one; these are that small."""
    from ultralytics.engine import exporter

    file_size, exporter.file_size = exporter.file_size, lambda _: 1.0
    try:
        return scratch / tiny.export(format="onnx", imgsz=imgsz, simplify=True, verbose=False, **options)
    finally:
        exporter.file_size = file_size


def to_half(path, scratch):
    from onnxruntime.transformers.float16 import convert_float_to_float16

    half = scratch / "half.onnx"
    onnx.save(convert_float_to_float16(onnx.load(path), keep_io_types=False), half)
    return half
