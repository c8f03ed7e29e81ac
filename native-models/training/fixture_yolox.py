"""The fixture of the `pixeltable-yolox` package."""

from copy import deepcopy
from functools import partial

import numpy as np
import torch

from fixture_family import Family
from fixture_network import NAMES, ODD_BARS, LegacyExporter, OnnxNetwork, calibrate, free_norms, norms_of, standardize, tensor_of_letterboxed


class YoloX(Family):
    bars = ODD_BARS
    exporter = "`pixeltable-yolox`, depth 0.01 and width 0.03125, without decoding"

    def __init__(self, imgsz):
        self.imgsz, self.input = imgsz, f"{imgsz[1]} × {imgsz[0]}, BGR, 0-255"

    def __call__(self, pictures, scratch):
        from yolox.models.network_blocks import SiLU
        from yolox.models.yolo_head import YoloxHead
        from yolox.models.yolo_pafpn import YoloPafpn
        from yolox.models.yolox import YoloxModule
        from yolox.utils import replace_module

        network = YoloxModule(YoloPafpn(0.01, 0.03125), YoloxHead(len(NAMES), 0.03125))
        self.network, self.names = replace_module(network, torch.nn.SiLU, SiLU), NAMES
        self.randomize(pictures)
        network = deepcopy(self.network).eval()
        network.head.decode_in_inference = False
        self.onnx_path = scratch / "yolox.onnx"
        with LegacyExporter():
            torch.onnx.export(network, torch.zeros(1, 3, *self.imgsz), self.onnx_path, opset_version=11,
                              input_names=["images"], output_names=["output"])
        return self

    def randomize(self, pictures):
        head = self.network.head
        self.network.head = torch.nn.Identity()
        # In training mode the head requires labels, so backbone and head are calibrated separately.
        batch = calibrate(self.network.backbone, pictures, self.imgsz, partial(tensor_of_letterboxed, as_yolox=True))
        with torch.no_grad():
            levels = self.network.backbone(batch)
        free_norms(head)
        head.eval()
        for module in norms_of(head):
            module.train()
        with torch.no_grad():
            head(levels)
        self.network.head = head
        self.network.eval()
        wanted = {}
        for boxes, objectness, scores in zip(head.reg_preds, head.obj_preds, head.cls_preds):
            wanted[boxes] = [(0.5, 0.5)] * 2 + [(0.8, 0.4)] * 2
            wanted[objectness] = [(0.0, 1.5)]
            wanted[scores] = [(0.0, 2.0)] * len(NAMES)
        standardize(head, levels, wanted)

    def use(self, path):
        """Run this ONNX file from now on. The head decodes its output, for the grid of its last run."""
        head, saved = self.network.head, OnnxNetwork(path)
        self.network = lambda tensor: head.decode_outputs(saved(tensor)[0], dtype=tensor.type())

    def detect(self, image, lowest, iou):
        from yolox.data.data_augment import preproc
        from yolox.utils import postprocess

        planes, ratio = preproc(image, self.imgsz)
        with torch.no_grad():
            found = postprocess(self.network(torch.from_numpy(planes)[None]), len(NAMES), lowest, iou)[0]
        rows = torch.cat([found[:, :4] / ratio, found[:, 4:5] * found[:, 5:6], found[:, 6:7]], 1).numpy()
        height, width = image.shape[:2]
        rows[:, :4] = np.clip(rows[:, :4], 0, [width, height, width, height])
        return rows
