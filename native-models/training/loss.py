"""The detector loss: task-aligned assignment of cells to plates, score BCE, and complete-IoU box loss."""

import math

import torch

# Alignment is score^SCORE_POWER * IoU^IOU_POWER; the best TOP_CELLS cells of a plate are assigned to it.
SCORE_POWER, IOU_POWER, TOP_CELLS = 0.5, 4.0, 9
# A cell is a candidate for a plate if its center is inside the plate, or at most this many strides from its center.
CENTER_RADIUS = 1.2
# Minimum and maximum length of a plate's longer side, in strides, for the cells of a stride.
SIZE_RANGE = {8: (0.0, 16.0), 16: (2.0, 20.0), 32: (3.0, math.inf)}
BOX_WEIGHT, SCORE_WEIGHT = 5.0, 1.0
# Score target of a plate's best cell: IoU^TARGET_POWER. It is below 1, so that small plates with loose boxes still score.
TARGET_POWER = 0.3
# Minimum weight of an assigned cell in the box loss. Without it, boxes of small plates stay inaccurate.
MIN_BOX_SHARE = 0.3
EPSILON = 1e-7


def pair_iou(first, second):
    """Return the IoU of broadcast corner boxes (..., 4)."""
    overlap = (torch.minimum(first[..., 2:], second[..., 2:]) - torch.maximum(first[..., :2], second[..., :2])).clamp(min=0)
    shared = overlap.prod(-1)
    areas = (first[..., 2:] - first[..., :2]).prod(-1) + (second[..., 2:] - second[..., :2]).prod(-1)
    return shared / (areas - shared + EPSILON)


def complete_iou(first, second):
    """Return the CIoU of matched corner boxes: IoU minus penalties for center distance and aspect ratio."""
    iou = pair_iou(first, second)
    hull = torch.maximum(first[:, 2:], second[:, 2:]) - torch.minimum(first[:, :2], second[:, :2])
    between = ((first[:, :2] + first[:, 2:] - second[:, :2] - second[:, 2:]) ** 2).sum(-1) / 4
    first_size, second_size = first[:, 2:] - first[:, :2], second[:, 2:] - second[:, :2]
    angles = torch.atan(second_size[:, 0] / (second_size[:, 1] + EPSILON)) - torch.atan(first_size[:, 0] / (first_size[:, 1] + EPSILON))
    aspect = 4 / math.pi**2 * angles**2
    with torch.no_grad():
        trade = aspect / (1 - iou + aspect + EPSILON)
    return iou - between / ((hull**2).sum(-1) + EPSILON) - trade * aspect


@torch.no_grad()
def assign(scores, boxes, centers, strides, truth):
    """Assign one image's cells to its plates. Return cell indices, plate indices, and soft score targets."""
    offset = centers[None] - truth[:, None, :2], truth[:, None, 2:] - centers[None]
    inside = torch.cat(offset, -1).amin(-1) > 0
    middle = (truth[:, :2] + truth[:, 2:]) / 2
    near = (centers[None] - middle[:, None]).abs().amax(-1) < CENTER_RADIUS * strides
    side = (truth[:, 2:] - truth[:, :2]).amax(-1, keepdim=True)
    kinds, level = strides.unique(return_inverse=True)
    low, high = torch.tensor([SIZE_RANGE[int(kind)] for kind in kinds]).t()
    fits = (side >= low[level] * strides) & (side <= high[level] * strides)
    overlap = pair_iou(boxes[None], truth[:, None])
    metric = scores[None].pow(SCORE_POWER) * overlap.pow(IOU_POWER) + EPSILON**2
    metric = metric * (inside | near) * fits
    best, cells = metric.topk(min(TOP_CELLS, metric.shape[1]), dim=1)
    chosen = torch.zeros_like(metric).scatter_(1, cells, (best > 0).float())
    metric = metric * chosen
    owner = metric.argmax(0)
    positive = metric.amax(0) > 0
    cell_index = positive.nonzero().squeeze(1)
    plate_index = owner[cell_index]
    won = metric[plate_index, cell_index]
    iou = overlap[plate_index, cell_index]
    peak_metric = torch.zeros(len(truth)).scatter_reduce_(0, plate_index, won, "amax")
    peak_iou = torch.zeros(len(truth)).scatter_reduce_(0, plate_index, iou, "amax")
    targets = won / (peak_metric[plate_index] + EPSILON**2) * peak_iou[plate_index].pow(TARGET_POWER)
    return cell_index, plate_index, targets


def detection_loss(logits, boxes, centers, strides, truths):
    """Return the total loss of a batch. `truths` has one (M, 4) tensor of corner boxes per image."""
    targets = torch.zeros_like(logits)
    scores = logits.detach().sigmoid()
    box_loss = logits.new_zeros(())
    for index, truth in enumerate(truths):
        if len(truth):
            cells, plates, quality = assign(scores[index], boxes[index].detach(), centers, strides, truth)
            targets[index, cells] = quality
            box_loss = box_loss + ((1 - complete_iou(boxes[index, cells], truth[plates])) * quality.clamp(min=MIN_BOX_SHARE)).sum()
    total = targets.sum().clamp(min=1.0)
    score_loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction="sum")
    return (SCORE_WEIGHT * score_loss + BOX_WEIGHT * box_loss) / total
