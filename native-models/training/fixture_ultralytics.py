"""The fixtures of the `ultralytics` package: v8, v10, v11, v12, v26."""

import os
from pathlib import Path

import onnx
import torch
import yaml

from fixture_network import CHANNELS, NAMES, ODD_BARS, calibrate, norms_of, standardize


class Ultralytics:
    """A network of the `ultralytics` package. The package itself runs the exported ONNX file."""

    bars = ODD_BARS

    def __init__(self, config, imgsz, **export):
        self.config, self.imgsz, self.export = config, imgsz, export
        self.half_io = export.pop("half_io", False)
        options = "".join(f", {key}={value}" for key, value in export.items())
        then = ", converted to float16 by `onnxruntime`" if self.half_io else ""
        self.exporter = f"`ultralytics`, {config}{options}{then}"
        self.input = f"{imgsz[1]} × {imgsz[0]}" + (", free size" if export.get("dynamic") else "")

    def __call__(self, pictures, scratch):
        import ultralytics

        ultralytics.settings.update({"sync": False})
        source = next(Path(ultralytics.__file__).parent.glob(f"cfg/models/*/{self.config}"))
        config = yaml.safe_load(source.read_text())
        config.update(nc=len(NAMES), scales={"n": [0.01, 1.0, 2048]})
        config.setdefault("reg_max", 4)
        for layer in [*config["backbone"], *config["head"]]:
            layer[3] = [CHANNELS.get(layer[3][0], layer[3][0]), *layer[3][1:]]
            if layer[2] == "A2C2f":  # Its hidden channels must be a multiple of 32: residual, MLP ratio, hidden ratio.
                layer[3] += [False, 1.0, 32 / layer[3][0]]
        path = scratch / "tinyn.yaml"
        path.write_text(yaml.safe_dump(config))
        tiny = ultralytics.YOLO(str(path), task="detect")
        tiny.model.names = dict(enumerate(NAMES))
        if self.config.startswith("yolov10"):
            self.narrow(tiny.model.model[-1])
        self.randomize(tiny.model, pictures)
        os.chdir(scratch)  # Where the export lands.
        exported = tiny.export(format="onnx", imgsz=self.imgsz, simplify=True, verbose=False, **self.export)
        self.onnx_path, self.names = scratch / exported, NAMES
        if self.half_io:
            self.onnx_path = to_half(self.onnx_path, scratch)
        self.detector = ultralytics.YOLO(str(self.onnx_path), task="detect")
        return self

    @staticmethod
    def narrow(head):
        """v10's head has 64 hidden channels at any network width; reduce them to 16."""
        from ultralytics.nn.modules import Conv

        for stages in [head.cv2, head.one2one_cv2]:
            for level, stage in enumerate(stages):
                incoming = stage[0].conv.in_channels
                last = torch.nn.Conv2d(16, stage[-1].out_channels, 1)
                stages[level] = torch.nn.Sequential(Conv(incoming, 16, 3), Conv(16, 16, 3), last)

    def randomize(self, network, pictures):
        batch = calibrate(network, pictures, self.imgsz)
        head = network.model[-1]
        wanted = {}
        for boxes, scores in [("cv2", "cv3"), ("one2one_cv2", "one2one_cv3")]:
            for stage in getattr(head, boxes, None) or []:
                wanted[stage[-1]] = self.distances(stage[-1].out_channels // 4)
            for stage in getattr(head, scores, None) or []:
                wanted[stage[-1]] = [(-2.0, 1.5)] * len(NAMES)
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

    def detect(self, image, lowest, iou):
        result = self.detector.predict(
            image, imgsz=self.imgsz, conf=lowest, iou=iou, max_det=1000, rect=False, verbose=False, device="cpu"
        )[0]
        return result.boxes.data.numpy()


def to_half(path, scratch):
    from onnxruntime.transformers.float16 import convert_float_to_float16

    half = scratch / "half.onnx"
    onnx.save(convert_float_to_float16(onnx.load(path), keep_io_types=False), half)
    return half
