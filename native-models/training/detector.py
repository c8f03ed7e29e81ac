"""The detector network: small, anchor-free, single-class, with in-graph box decoding."""

import math

import torch
from torch import nn

STRIDES = (8, 16, 32)
# Initial score of every cell. It is low, since nearly all cells are background.
PRIOR_SCORE = 0.01
# The log of a box size is clamped to this many log-strides (e^4 = 55 strides, wider than any input).
MAX_LOG_SIZE = 4.0


class ConvBlock(nn.Sequential):
    """Convolution, batch norm, and an optional ReLU. `fuse` folds the norm into the convolution."""

    def __init__(self, inputs, outputs, kernel=1, stride=1, groups=1, activate=True):
        layers = [
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(outputs, momentum=0.03),
        ]
        if activate:
            layers.append(nn.ReLU(inplace=True))
        super().__init__(*layers)


class SeparableBlock(nn.Module):
    """Depthwise 5x5 and pointwise convolution, with a shortcut if the shapes match."""

    def __init__(self, inputs, outputs, stride=1):
        super().__init__()
        self.depthwise = ConvBlock(inputs, inputs, 5, stride, groups=inputs, activate=False)
        self.pointwise = ConvBlock(inputs, outputs)
        self.shortcut = stride == 1 and inputs == outputs

    def forward(self, features):
        result = self.pointwise(self.depthwise(features))
        return features + result if self.shortcut else result


class Head(nn.Module):
    """Predicts a score logit and a box (center offset, log size; in strides) for every cell of one level."""

    def __init__(self, channels):
        super().__init__()
        self.box_tower = nn.Sequential(SeparableBlock(channels, channels), SeparableBlock(channels, channels))
        self.score_tower = nn.Sequential(SeparableBlock(channels, channels), SeparableBlock(channels, channels))
        self.box = nn.Conv2d(channels, 4, 1)
        self.score = nn.Conv2d(channels, 1, 1)
        nn.init.normal_(self.box.weight, std=0.01)
        nn.init.zeros_(self.box.bias)
        nn.init.normal_(self.score.weight, std=0.01)
        nn.init.constant_(self.score.bias, -math.log((1 - PRIOR_SCORE) / PRIOR_SCORE))

    def forward(self, features):
        return self.score(self.score_tower(features)), self.box(self.box_tower(features))


class PlateDetector(nn.Module):
    """Backbone at strides 2 to 32, a top-down feature pyramid, and one head per level."""

    def __init__(self, widths=(16, 32, 64, 96, 128), depths=(1, 2, 3, 2), neck=48):
        super().__init__()
        self.stem = ConvBlock(3, widths[0], 3, 2)
        self.stages = nn.ModuleList()
        for inputs, outputs, depth in zip(widths[:-1], widths[1:], depths):
            blocks = [SeparableBlock(inputs, outputs, 2)]
            blocks += [SeparableBlock(outputs, outputs) for _ in range(depth)]
            self.stages.append(nn.Sequential(*blocks))
        self.laterals = nn.ModuleList(ConvBlock(width, neck) for width in widths[2:])
        self.merges = nn.ModuleList(SeparableBlock(neck, neck) for _ in widths[2:])
        self.heads = nn.ModuleList(Head(neck) for _ in STRIDES)

    def forward(self, images):
        """Return a (score logits, box terms) pair per stride, finest first."""
        features = self.stem(images)
        levels = []
        for stage in self.stages:
            features = stage(features)
            levels.append(features)
        above = None
        predictions = []
        for index in (2, 1, 0):
            merged = self.laterals[index](levels[index + 1])
            if above is not None:
                merged = merged + nn.functional.interpolate(above, scale_factor=2.0, mode="nearest")
            above = self.merges[index](merged)
            predictions.insert(0, self.heads[index](above))
        return predictions


def cell_centers(height, width, stride, device=None):
    """Return the pixel coordinates of one level's cell centers, as a (height * width, 2) tensor."""
    ys, xs = torch.meshgrid(torch.arange(height, device=device), torch.arange(width, device=device), indexing="ij")
    return (torch.stack((xs, ys), dim=-1).reshape(-1, 2).float() + 0.5) * stride


def flatten_predictions(predictions):
    """Concatenate the levels: logits (B, N), corner boxes in pixels (B, N, 4), centers (N, 2), strides (N)."""
    logits, boxes, centers, strides = [], [], [], []
    for (score, terms), stride in zip(predictions, STRIDES):
        batch, _, height, width = score.shape
        points = cell_centers(height, width, stride, score.device)
        terms = terms.flatten(2).transpose(1, 2)
        middle = points + terms[..., :2] * stride
        half = terms[..., 2:].clamp(max=MAX_LOG_SIZE).exp() * (stride / 2)
        logits.append(score.reshape(batch, -1))
        boxes.append(torch.cat((middle - half, middle + half), dim=-1))
        centers.append(points)
        strides.append(torch.full((height * width,), float(stride), device=score.device))
    return torch.cat(logits, 1), torch.cat(boxes, 1), torch.cat(centers), torch.cat(strides)


class ExportedDetector(nn.Module):
    """The detector with decoding. Takes images; returns Ultralytics v8 rows (cx, cy, w, h, score)."""

    def __init__(self, detector):
        super().__init__()
        self.detector = detector

    def forward(self, images):
        rows = []
        for (score, terms), stride in zip(self.detector(images), STRIDES):
            _, _, height, width = score.shape
            points = cell_centers(height, width, stride).t().unsqueeze(0)
            offset, size = terms.flatten(2).split(2, dim=1)
            middle = points + offset * stride
            rows.append(torch.cat((middle, size.clamp(max=MAX_LOG_SIZE).exp() * stride, score.flatten(2).sigmoid()), dim=1))
        return torch.cat(rows, dim=2)
