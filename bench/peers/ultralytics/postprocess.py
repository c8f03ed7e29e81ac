"""Times Ultralytics' own post-processing of raw outputs, on one thread: what `YOLO(...)` does after the network."""

import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

os.environ.update(YOLO_CONFIG_DIR=tempfile.mkdtemp(), YOLO_OFFLINE="true", YOLO_VERBOSE="false")

import cv2
import numpy as np
import torch
import torchvision  # noqa: F401  Ultralytics uses its NMS if it has been imported.
from ultralytics.engine.results import Results
from ultralytics.utils import nms, ops


def main():
    order = json.loads(sys.argv[1])
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    folder = Path(order["folder"])
    outputs = {
        name: torch.from_numpy(np.fromfile(folder / name, np.float32).reshape(shape))
        for name, shape in order["shapes"].items()
    }
    task = order["task"]
    names = {index: f"class {index}" for index in range(order["classes"])}
    picture = np.zeros((order["frame"]["height"], order["frame"]["width"], 3), np.uint8)
    side = (order["input"]["height"], order["input"]["width"])

    def run():
        found = nms.non_max_suppression(
            outputs["output0"], order["scoreThreshold"], order["iouThreshold"], max_det=1000, nc=order["classes"], rotated=task == "obb"
        )[0]
        return read(found)

    def read(found):
        if task == "segment":
            masks = ops.process_mask(outputs["output1"][0], found[:, 6:], found[:, :4], side, upsample=True)
            found[:, :4] = ops.scale_boxes(side, found[:, :4], picture.shape)
            keep = masks.amax((-2, -1)) > 0
            result = Results(picture, "", names, boxes=found[keep, :6], masks=masks[keep])
            return len(result.masks.xy)
        if task == "obb":
            rotated = torch.cat([found[:, :4], found[:, -1:]], dim=-1)
            rotated[:, :4] = ops.scale_boxes(side, rotated[:, :4], picture.shape, xywh=True)
            result = Results(picture, "", names, obb=torch.cat([rotated, found[:, 4:6]], dim=-1))
            return len(result.obb.xyxyxyxy)
        found[:, :4] = ops.scale_boxes(side, found[:, :4], picture.shape)
        if task == "pose":
            points = found[:, 6:].view(len(found), 17, 3)
            points = ops.scale_coords(side, points, picture.shape)
            return len(Results(picture, "", names, boxes=found[:, :6], keypoints=points).keypoints.xy)
        return len(Results(picture, "", names, boxes=found[:, :6]).boxes.xyxy)

    durations = []
    count = 0
    rounds = min(order["rounds"], 60)
    for index in range(rounds):
        started = time.perf_counter()
        count = run()
        if index >= rounds / 10:
            durations.append((time.perf_counter() - started) * 1000)
    durations.sort()
    print(
        json.dumps(
            {"found": count, "median": statistics.median(durations), "p95": durations[int(0.95 * (len(durations) - 1))]}
        )
    )


if __name__ == "__main__":
    main()
