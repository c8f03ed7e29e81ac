"""The plate pipeline: OpenCV decodes, ONNX Runtime detects plates and recognizes their text. Any thread."""

import ast
import json
import time

# Sets the environment variables that OpenCV reads when it is loaded.
from models import MODELS, metadata_of, open_session
from recognizer import open_recognizer, resize

import cv2
import numpy as np

PADDING = (114, 114, 114)


class InvalidFrame(Exception):
    """The bytes are not a decodable image."""


def decode(frame):
    """BGR pixels of a JPEG without applying its orientation; raises InvalidFrame."""
    try:
        image = cv2.imdecode(np.frombuffer(frame, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error as error:
        raise InvalidFrame from error
    if image is None:
        raise InvalidFrame
    return image


class PlatePipeline:
    """Thread-safe."""

    def __init__(self, recognizer, threads):
        """Loads the models and runs each once, since the first run is slower."""
        settings = json.loads((MODELS / "plate-yolo/model.json").read_text())
        self.score_threshold, self.iou_threshold = settings["score_threshold"], settings["iou_threshold"]
        self.detector = open_session(MODELS / "plate-yolo/model.onnx", threads)
        self.input_size = ast.literal_eval(metadata_of(self.detector)["imgsz"])
        self.recognizer = open_recognizer(recognizer, threads)
        blank = np.zeros((480, 640, 3), np.uint8)
        self.detect(blank)
        self.recognizer.recognize(blank, (0, 0, 180, 40))

    def run(self, frame):
        """The result of one JPEG, in the gateway's format; raises InvalidFrame."""
        start = time.perf_counter()
        image = decode(frame)
        decoded = time.perf_counter()
        found = self.detect(image)
        detected = time.perf_counter()
        detections = []
        for box, score in found:
            text, text_score = self.recognizer.recognize(image, box)
            position = {name: round(value, 1) for name, value in zip("xywh", box)}
            recognition = {"text": text, "text_score": round(text_score, 4)}
            detections.append({**position, "label": "plate", "score": round(score, 4), **recognition})
        end = time.perf_counter()
        stages = {"decode": decoded - start, "detect": detected - decoded, "read": end - detected, "total": end - start}
        timings = {stage: round(1000 * seconds, 2) for stage, seconds in stages.items()}
        return {"width": image.shape[1], "height": image.shape[0], "detections": detections, "timings_ms": timings}

    def detect(self, image):
        """Boxes (x, y, w, h) in image pixels with their scores, best first."""
        height, width = image.shape[:2]
        input_height, input_width = self.input_size
        scale = min(input_width / width, input_height / height)
        scaled_width, scaled_height = round(width * scale), round(height * scale)
        if (scaled_width, scaled_height) != (width, height):
            image = resize(image, scaled_width, scaled_height)
        across, down = input_width - scaled_width, input_height - scaled_height
        left, top = round(across / 2 - 0.1), round(down / 2 - 0.1)
        if across or down:
            sides = (top, down - top, left, across - left)
            image = cv2.copyMakeBorder(image, *sides, cv2.BORDER_CONSTANT, value=PADDING)
        corners, sizes, scores = self.infer(cv2.cvtColor(image, cv2.COLOR_BGR2RGB)[None])
        offset, limit = np.array((left, top)), np.array((width, height))
        lows = ((corners - offset) / scale).clip(0, limit)
        highs = ((corners + sizes - offset) / scale).clip(0, limit)
        boxes = np.hstack((lows, highs - lows)).tolist()
        return list(zip(map(tuple, boxes), scores.tolist()))

    def infer(self, tensor):
        """Corners and sizes (N, 2) in input pixels and scores (N,) of the boxes after NMS, best first."""
        (output,) = self.detector.run(None, {"images": tensor})
        # The v8 output format: rows of center x, center y, width, height, score.
        rows = output[0].T
        rows = rows[rows[:, 4] >= self.score_threshold]
        corners, sizes, scores = rows[:, :2] - rows[:, 2:4] / 2, rows[:, 2:4], rows[:, 4]
        boxes = np.hstack((corners, sizes)).tolist()
        kept = cv2.dnn.NMSBoxes(boxes, scores.tolist(), self.score_threshold, self.iou_threshold)
        kept = np.array(kept, dtype=int)
        return corners[kept], sizes[kept], scores[kept]
