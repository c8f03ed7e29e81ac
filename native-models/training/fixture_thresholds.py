"""Thresholds of the fixtures: each is in a gap, so that rounding cannot change which boxes are found."""

import numpy as np


def middle_of_widest_gap(values):
    """Return the threshold that is farthest from every value, and the width of its gap."""
    gaps = np.diff(values)
    widest = int(np.argmax(gaps))
    return float(values[widest] + gaps[widest] / 2), float(gaps[widest])


def score_threshold(found, candidates):
    scores = np.sort(np.concatenate([boxes[:, 4] for boxes in found]))[::-1]
    return middle_of_widest_gap(np.sort(scores[slice(*candidates)]))


def iou_threshold(found, lowest, overlaps_of):
    """Return a threshold between 0.4 and 0.6 that is far from the IoU of any two boxes of one class."""
    overlaps = [0.4, 0.6]
    for boxes in found:
        boxes = boxes[boxes[:, 4] > lowest]
        iou = overlaps_of(boxes)
        same = (boxes[:, None, 5] == boxes[None, :, 5]) & (np.arange(len(boxes))[:, None] < np.arange(len(boxes)))
        overlaps += [value for value in iou[same] if 0.4 < value < 0.6]
    return middle_of_widest_gap(np.sort(overlaps))


def find_thresholds(model, pictures):
    """Return score threshold, IoU threshold, and the widths of the gaps they are in."""
    everything = [model.detect(image, 0.02, 1.0) for image in pictures]
    lowest, score_gap = score_threshold(everything, model.candidates)
    iou, iou_gap = iou_threshold(everything, lowest, model.overlaps)
    return lowest, iou, (score_gap, iou_gap)


def classify_threshold(model, pictures):
    """Return a threshold for probabilities, 0 for NMS, and the width of the gap."""
    values = [value for image in pictures for value in model.describe(image, 0, 0)["probabilities"]]
    lowest, gap = middle_of_widest_gap(sorted(value for value in values if value < 0.5))
    return lowest, 0.0, (gap,)
