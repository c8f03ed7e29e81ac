"""All fixtures by name."""

from fixture_layouts import DFine, OriginalRtDetr, PpYoloE, RfDetr, YoloNas
from fixture_rtdetr import OldRtDetr, RtDetr
from fixture_transformers import DFineOfTransformers, RtDetrOfTransformers
from fixture_ultralytics import Ultralytics
from fixture_v5_v7 import YoloV5, YoloV7
from fixture_v5_v7_tasks import YoloV5Classify, YoloV5Segment, YoloV7Pose
from fixture_yolox import YoloX

SQUARE, WIDE, TALL = (128, 128), (96, 160), (160, 128)  # Height first.
CROP = (64, 64)
CORNERS = ["top left", "top right", "driver's corner", "bottom left", "center"]

DETECT = {
    "v8": Ultralytics("yolov8.yaml", SQUARE),
    "v8-free": Ultralytics("yolov8.yaml", TALL, dynamic=True),
    "v8-half": Ultralytics("yolov8.yaml", SQUARE, half_io=True),
    "v11": Ultralytics("yolo11.yaml", WIDE),
    "v12": Ultralytics("yolo12.yaml", SQUARE, quantize=16),
    "v10": Ultralytics("yolov10n.yaml", SQUARE, nms=False),
    "v26": Ultralytics("yolo26.yaml", WIDE, nms=False),
    "v5": YoloV5(WIDE),
    "v7": YoloV7(SQUARE),
    "yolox": YoloX(WIDE),
    "v8-nms": Ultralytics("yolov8.yaml", WIDE, nms=True),
    "v26-many": Ultralytics("yolo26.yaml", SQUARE),
}

# YOLO26 has two sets of outputs: nms=False exports the one that needs no NMS, "many" is the other.
SEGMENT = {
    "v5-segment": YoloV5Segment(WIDE),
    "v8-segment": Ultralytics("yolov8-seg.yaml", SQUARE, "segment"),
    "v11-segment": Ultralytics("yolo11-seg.yaml", WIDE, "segment"),
    "v8-segment-nms": Ultralytics("yolov8-seg.yaml", WIDE, "segment", nms=True),
    "v12-segment": Ultralytics("yolo12-seg.yaml", SQUARE, "segment", quantize=16),
    "v26-segment-many": Ultralytics("yolo26-seg.yaml", SQUARE, "segment"),
    "v26-segment": Ultralytics("yolo26-seg.yaml", WIDE, "segment", nms=False),
}

POSE = {
    "v7-pose": YoloV7Pose((96, 96)),
    "v8-pose": Ultralytics("yolov8-pose.yaml", SQUARE, "pose", [17, 3]),
    "v8-pose-flat": Ultralytics("yolov8-pose.yaml", WIDE, "pose", [5, 2]),
    "v11-pose": Ultralytics("yolo11-pose.yaml", WIDE, "pose", [5, 3], CORNERS),
    "v8-pose-nms": Ultralytics("yolov8-pose.yaml", WIDE, "pose", [6, 3], nms=True),
    "v12-pose": Ultralytics("yolo12-pose.yaml", SQUARE, "pose", [6, 3], quantize=16),
    "v26-pose-many": Ultralytics("yolo26-pose.yaml", SQUARE, "pose", [4, 2]),
    "v26-pose": Ultralytics("yolo26-pose.yaml", WIDE, "pose", [4, 3], nms=False),
}

OBB = {
    "v8-obb": Ultralytics("yolov8-obb.yaml", SQUARE, "obb"),
    "v11-obb": Ultralytics("yolo11-obb.yaml", WIDE, "obb"),
    "v8-obb-nms": Ultralytics("yolov8-obb.yaml", WIDE, "obb", nms=True),
    "v12-obb": Ultralytics("yolo12-obb.yaml", SQUARE, "obb", quantize=16),
    "v26-obb-many": Ultralytics("yolo26-obb.yaml", SQUARE, "obb"),
    "v26-obb": Ultralytics("yolo26-obb.yaml", WIDE, "obb", nms=False),
}

CLASSIFY = {
    "v5-classify": YoloV5Classify(CROP),
    "v8-classify": Ultralytics("yolov8-cls.yaml", CROP, "classify"),
    "v11-classify": Ultralytics("yolo11-cls.yaml", CROP, "classify"),
    "v12-classify": Ultralytics("yolo12-cls.yaml", CROP, "classify"),
    "v26-classify": Ultralytics("yolo26-cls.yaml", (96, 96), "classify"),
}

# Transformers, which need no NMS.
TRANSFORMERS = {
    "rtdetr": RtDetr(WIDE),
    "rtdetr-old": OldRtDetr(SQUARE),
    "rtdetr-transformers": RtDetrOfTransformers(WIDE),
    "dfine-transformers": DFineOfTransformers(SQUARE),
}

# Their own software is not used.
LAYOUTS = {
    "rtdetr-original": OriginalRtDetr(WIDE),
    "dfine": DFine(SQUARE),
    "rfdetr": RfDetr(WIDE),
    "yolonas": YoloNas(WIDE),
    "ppyoloe": PpYoloE(WIDE),
}

FIXTURES = {**DETECT, **TRANSFORMERS, **LAYOUTS, **SEGMENT, **POSE, **OBB, **CLASSIFY}
