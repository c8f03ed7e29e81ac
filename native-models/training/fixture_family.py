"""What every family of export_fixtures.py has: its task, the sizes of its frames, and how its results are described."""

import numpy as np

from fixture_thresholds import find_thresholds

TOOLS = {"detect": "yolo.detect_objects", "segment": "yolo.segment", "pose": "yolo.pose", "obb": "yolo.obb",
         "classify": "yolo.classify"}


class Family:
    """A tiny network with the post-processing of its family.

    Subclasses give imgsz (height, width), exporter and input (for the README), and, once called with the pictures and a
    scratch folder, names and onnx_path. `detect` returns rows that start with x1, y1, x2, y2, score, class.
    """

    task = "detect"
    # Width and height of the letterbox bars of each frame.
    bars = []
    # How many boxes of all pictures should pass the score threshold, before NMS.
    candidates = (40, 90)
    # Settings that a reader of the ONNX file cannot know from the file.
    model_json = None
    # Metadata to add to the ONNX file, by key.
    metadata = {}
    # What the README says in addition, such as "layout only".
    note = ""
    # Thresholds that are part of the exported file, if any.
    baked = None

    @property
    def tool(self):
        return TOOLS[self.task]

    def sizes(self):
        """Return width and height of each frame. A frame is twice the part of the input that it fills."""
        height, width = self.imgsz
        return [(2 * (width - across), 2 * (height - down)) for across, down in self.bars]

    def thresholds(self, pictures):
        """Return score threshold, IoU threshold, and the widths of the gaps they are in."""
        return self.baked or find_thresholds(self, pictures)

    def describe(self, image, lowest, iou):
        """Return the lists that a frame of the JSON file has. All are in the order of the boxes."""
        return {"boxes": rounded(self.detect(image, lowest, iou)[:, :6])}

    def overlaps(self, boxes):
        """Return the IoU of any two of these rows, [rows, rows]."""
        corner = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
        size = np.clip(np.minimum(boxes[:, None, 2:4], boxes[None, :, 2:4]) - corner, 0, None)
        shared = size[..., 0] * size[..., 1]
        area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
        return shared / np.maximum(area[:, None] + area[None] - shared, 1e-9)


def rounded(values):
    """Return an array as nested lists with four decimals."""
    return np.round(np.asarray(values, np.float64), 4).tolist()


def classify_sizes(side):
    """Return frames whose shorter side is halved and whose middle is cut out. The last frame is cut only."""
    return [(2 * side, 2 * side), (3 * side, 2 * side), (side, 3 * side // 2)]
