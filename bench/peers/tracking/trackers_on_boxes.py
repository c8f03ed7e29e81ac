"""Runs public trackers on detections, and scores them and framegate's own tracks with motmetrics. `bench/tracking.ts` starts it.

Standard input: one JSON object per line and sequence, `{"frames":[{"at_ms","truth","detections","own"}]}`, with boxes as
arrays: truth `[id,x,y,w,h,ignored]`, detections `[x,y,w,h,score]`, own `[id,x,y,w,h]`. Standard output: one JSON object per tracker.
"""

import json
import sys
import warnings
from collections import defaultdict

import motmetrics
import numpy as np

warnings.filterwarnings("ignore", category=FutureWarning)
warnings.filterwarnings("ignore", category=DeprecationWarning)

import supervision  # noqa: E402
from trackers import ByteTrackTracker, CBIoUTracker, OCSORTTracker  # noqa: E402

# As is usual: a box shows an object if they overlap by half.
MIN_IOU = 0.5
METRICS = ("mota", "idf1", "num_switches")


def old_byte_track(**settings):
    """ByteTrack of `supervision`, which knows a frame rate but no times."""

    def run(frames, rate):
        tracker = supervision.ByteTrack(frame_rate=rate, **settings)
        return [tracker.update_with_detections(frame) for frame, _ in frames]

    return run


def with_times(kind, **settings):
    """A tracker of `trackers`, which is told the time of every frame."""

    def run(frames, rate):
        tracker = kind(frame_rate=rate, **settings)
        return [tracker.update(frame, timestamp=at) for frame, at in frames]

    return run


# Defaults, and settings that did better on other seeds than those that are reported.
CONTESTANTS = {
    "supervision ByteTrack": old_byte_track(),
    "supervision ByteTrack, loose": old_byte_track(minimum_matching_threshold=0.99, lost_track_buffer=60),
    "trackers ByteTrack": with_times(ByteTrackTracker),
    "trackers ByteTrack, loose": with_times(
        ByteTrackTracker, track_activation_threshold=0.5, high_conf_det_threshold=0.4, minimum_iou_threshold=0.05, lost_track_buffer=60,
        minimum_consecutive_frames=1,
    ),
    "trackers C-BIoU, loose": with_times(
        CBIoUTracker, track_activation_threshold=0.5, high_conf_det_threshold=0.4, minimum_iou_threshold_first_assoc=0.05,
        lost_track_buffer=60, minimum_consecutive_frames=1, buffer_ratio_first=0.6, buffer_ratio_second=1.0,
    ),
    "trackers OC-SORT, loose": with_times(
        OCSORTTracker, minimum_consecutive_frames=1, high_conf_det_threshold=0.4, minimum_iou_threshold=0.1, lost_track_buffer=60
    ),
}


def overlap(one, other):
    """IoU of two arrays of x, y, w, h: (N, 4) and (M, 4) to (N, M)."""
    low = np.maximum(one[:, None, :2], other[None, :, :2])
    high = np.minimum(one[:, None, :2] + one[:, None, 2:], other[None, :, :2] + other[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=2)
    return shared / (np.prod(one[:, 2:], axis=1)[:, None] + np.prod(other[:, 2:], axis=1)[None] - shared)


def accumulate(frames, reported):
    """Return the accumulator of a sequence. `reported` has an array of id, x, y, w, h per frame."""
    accumulator = motmetrics.MOTAccumulator(auto_id=True)
    for frame, boxes in zip(frames, reported):
        truth = np.array(frame["truth"], float).reshape(-1, 6)
        boxes = np.array(boxes, float).reshape(-1, 5)
        shown = overlap(boxes[:, 1:], truth[:, 1:5]) >= MIN_IOU
        ignored = truth[:, 5] > 0
        # A box that shows only an object that does not count does not count either.
        boxes = boxes[shown[:, ~ignored].any(1) | ~shown[:, ignored].any(1)]
        truth = truth[~ignored]
        distances = 1 - overlap(truth[:, 1:5], boxes[:, 1:])
        distances[distances > 1 - MIN_IOU] = np.nan
        accumulator.update(truth[:, 0].astype(int), boxes[:, 0].astype(int), distances)
    return accumulator


def run_contestant(run, frames):
    """Return an array of id, x, y, w, h per frame."""
    seconds = (frames[-1]["at_ms"] - frames[0]["at_ms"]) / 1000
    rate = (len(frames) - 1) / seconds if seconds > 0 else 1.0
    inputs = []
    for frame in frames:
        boxes = np.array(frame["detections"], np.float32).reshape(-1, 5)
        corners = np.hstack((boxes[:, :2], boxes[:, :2] + boxes[:, 2:4]))
        found = supervision.Detections(xyxy=corners, confidence=boxes[:, 4], class_id=np.zeros(len(boxes), int))
        inputs.append((found, frame["at_ms"] / 1000))
    reported = []
    for found in run(inputs, rate):
        known = found[found.tracker_id >= 0] if len(found) else found
        low, high = known.xyxy[:, :2], known.xyxy[:, 2:]
        ids = known.tracker_id if len(known) else np.zeros(0)
        reported.append(np.hstack((np.asarray(ids)[:, None], low, high - low)))
    return reported


def main():
    accumulators = defaultdict(list)
    for line in sys.stdin:
        sequence = json.loads(line)
        frames = sequence["frames"]
        accumulators["track.objects, by motmetrics"].append(accumulate(frames, [frame["own"] for frame in frames]))
        for name, run in CONTESTANTS.items():
            accumulators[name].append(accumulate(frames, run_contestant(run, frames)))
    host = motmetrics.metrics.create()
    for name, runs in accumulators.items():
        table = host.compute_many(runs, metrics=METRICS, generate_overall=True)
        row = table.loc["OVERALL"]
        figures = {"mota": float(row["mota"]), "idf1": float(row["idf1"]), "switches": int(row["num_switches"])}
        print(json.dumps({"tracker": name, **figures}), flush=True)


if __name__ == "__main__":
    main()
