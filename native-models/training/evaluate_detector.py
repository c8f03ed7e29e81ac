"""Evaluates an exported detector: recall, false boxes, and average precision on folders of images, and time per run."""

import argparse
import csv
import json
import time
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

LETTERBOX_GRAY = 114
MATCH_IOU = 0.5
# Boxes below this score are ignored, even for the precision-recall curve.
LOWEST_SCORE = 0.01
THRESHOLDS = (0.05, 0.1, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7)
SCORE_EDGES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.01)
# Frame (height, width) and score thresholds for plates that are scaled down.
FRAME, SMALL_THRESHOLDS = (720, 1280), (0.3, 0.5, 0.6)
TIMED_RUNS, WARM_RUNS = 100, 10
PICTURES = (".jpg", ".jpeg", ".png")


class Runner:
    """An ONNX model with letterbox and non-maximum suppression."""

    def __init__(self, path, iou_threshold=0.5, threads=1, size=None):
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = settings.inter_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(str(path), settings, providers=["CPUExecutionProvider"])
        named = self.session.get_modelmeta().custom_metadata_map["imgsz"]
        self.height, self.width = size or json.loads(named)
        self.iou_threshold = iou_threshold

    def detect(self, picture):
        """Return the boxes of a BGR image, (N, 4) as x, y, w, h in image pixels, and the scores (N), best first."""
        height, width = picture.shape[:2]
        scale = min(self.width / width, self.height / height)
        tall, wide = round(height * scale), round(width * scale)
        left, top = (self.width - wide) // 2, (self.height - tall) // 2
        canvas = np.full((self.height, self.width, 3), LETTERBOX_GRAY, np.uint8)
        canvas[top : top + tall, left : left + wide] = cv2.resize(picture, (wide, tall), interpolation=cv2.INTER_LINEAR)
        tensor = np.ascontiguousarray(canvas[None, ..., ::-1])
        rows = self.session.run(None, {"images": tensor})[0][0].T
        rows = rows[rows[:, 4] > LOWEST_SCORE]
        boxes = np.concatenate((rows[:, :2] - rows[:, 2:4] / 2 - (left, top), rows[:, 2:4]), axis=1) / scale
        kept = cv2.dnn.NMSBoxes(boxes.tolist(), rows[:, 4].tolist(), LOWEST_SCORE, self.iou_threshold)
        kept = np.array(kept, int).reshape(-1)
        return boxes[kept], rows[kept, 4]

    def time_per_run(self):
        """Return the median and minimum time of one network run in milliseconds."""
        tensor = np.random.default_rng(0).integers(256, size=(1, self.height, self.width, 3), dtype=np.uint8)
        times = []
        for _ in range(WARM_RUNS + TIMED_RUNS):
            start = time.perf_counter()
            self.session.run(None, {"images": tensor})
            times.append((time.perf_counter() - start) * 1e3)
        times = sorted(times[WARM_RUNS:])
        return times[len(times) // 2], times[0]


def iou(boxes, truth):
    """Return the IoU of (N, 4) boxes with one ground-truth box, all as x, y, w, h."""
    low = np.maximum(boxes[:, :2], truth[:2])
    high = np.minimum(boxes[:, :2] + boxes[:, 2:], truth[:2] + truth[2:])
    shared = np.clip(high - low, 0, None).prod(1)
    return shared / (boxes[:, 2:].prod(1) + truth[2:].prod() - shared)


def read_truth(folder):
    """Return the ground-truth boxes by file name. Without truth.tsv, the folder has no plates."""
    path = folder / "truth.tsv"
    truth = {p.name: [] for p in sorted(folder.iterdir()) if p.suffix.lower() in PICTURES}
    if path.exists():
        with open(path, newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                truth[row["file"]].append([float(row[key]) for key in "xywh"])
    return truth


def match(boxes, scores, truths):
    """For boxes sorted by score, return whether each matches a ground-truth box that is not yet matched."""
    free = [np.array(t) for t in truths]
    hits = []
    for box in boxes[np.argsort(-scores)]:
        overlaps = [iou(box[None], t)[0] for t in free]
        best = int(np.argmax(overlaps)) if overlaps else -1
        hit = best >= 0 and overlaps[best] >= MATCH_IOU
        if hit:
            free.pop(best)
        hits.append(hit)
    return hits


def average_precision(scores, hits, plates):
    """Return the area under the precision-recall curve (all points)."""
    order = np.argsort(-np.array(scores))
    hits = np.array(hits, float)[order]
    recall = np.cumsum(hits) / plates
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(np.diff(np.concatenate(([0.0], recall))) * envelope))


def print_reliability(scores, hits):
    """Print, per score range, the mean score of the boxes and the share that is correct."""
    for low, high in zip(SCORE_EDGES[:-1], SCORE_EDGES[1:]):
        chosen = (scores >= low) & (scores < high)
        if chosen.any():
            mean, right = scores[chosen].mean(), hits[chosen].mean()
            print(f"  score {low:.1f}-{min(high, 1):.1f}: {chosen.sum():5d} boxes, mean score {mean:.2f}, right {right:.2f}")


def evaluate(runner, folder, reliability):
    """Print recall and false boxes per image for each threshold."""
    truth = read_truth(folder)
    all_scores, all_hits = [], []
    for name, plates in truth.items():
        boxes, scores = runner.detect(cv2.imread(str(folder / name)))
        all_hits += match(boxes, scores, plates)
        all_scores += sorted(scores, reverse=True)
    plates = sum(len(rows) for rows in truth.values())
    scores, hits = np.array(all_scores), np.array(all_hits, bool)
    print(f"{folder.name}: {len(truth)} images, {plates} plates")
    if plates:
        print(f"  AP@{MATCH_IOU} {average_precision(scores, hits, plates):.4f}")
    for threshold in THRESHOLDS:
        above = scores >= threshold
        recall = f"recall {hits[above].sum() / plates:.3f}  " if plates else ""
        print(f"  score >= {threshold:.2f}  {recall}false boxes/image {(above & ~hits).sum() / len(truth):.3f}")
    if reliability:
        print_reliability(scores, hits)


def shrunk(picture, plate, width):
    """Return a FRAME with the picture on it, scaled so that its plate is `width` pixels wide, and the plate's box; None if it does not fit."""
    scale = width / plate[2]
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    tall, wide = small.shape[:2]
    if scale > 1 or tall > FRAME[0] or wide > FRAME[1]:
        return None
    frame = np.full((*FRAME, 3), LETTERBOX_GRAY, np.uint8)
    top, left = (FRAME[0] - tall) // 2, (FRAME[1] - wide) // 2
    frame[top : top + tall, left : left + wide] = small
    return frame, np.array(plate) * scale + (left, top, 0, 0)


def evaluate_small(runner, folder, widths):
    """Print the recall of plates that are scaled to each width, in frames of 1280x720 pixels."""
    found = {width: [] for width in widths}
    for name, plates in read_truth(folder).items():
        picture = cv2.imread(str(folder / name))
        for width in widths:
            sample = shrunk(picture, plates[0], width) if len(plates) == 1 else None
            if sample is not None:
                boxes, scores = runner.detect(sample[0])
                found[width].append(max((score for box, score in zip(boxes, scores) if iou(box[None], sample[1])[0] >= MATCH_IOU), default=0))
    for width, scores in found.items():
        shares = ", ".join(f"{np.mean(np.array(scores) >= threshold):.3f} at {threshold}" for threshold in SMALL_THRESHOLDS)
        print(f"{folder.name}, plates {width} px wide of {FRAME[1]}: {len(scores)} images, recall {shares}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--iou", type=float, default=0.5, help="IoU threshold of non-maximum suppression")
    parser.add_argument("--size", type=int, nargs=2, metavar=("HEIGHT", "WIDTH"), help="input size; default: imgsz of the model file")
    parser.add_argument("--small", type=int, nargs="+", metavar="WIDTH", help="also scale the images down until their plates are so many pixels wide")
    parser.add_argument("--reliability", action="store_true", help="print the share of correct boxes per score range")
    parser.add_argument("folders", nargs="*", type=Path, help="folders of images, with a truth.tsv if they contain plates")
    options = parser.parse_args()
    runner = Runner(options.model, options.iou, size=options.size)
    median, fastest = runner.time_per_run()
    print(f"input {runner.width}x{runner.height}, one thread: median {median:.1f} ms, fastest {fastest:.1f} ms")
    for folder in options.folders:
        evaluate(runner, folder, options.reliability)
        if options.small and (folder / "truth.tsv").exists():
            evaluate_small(runner, folder, options.small)


if __name__ == "__main__":
    main()
