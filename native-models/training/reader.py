"""Owns the network of the plate reader: it finds the line of text in a crop, lays it straight and reads it."""

import torch
from torch import nn

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. "
# CTC class 0 means "no new character"; class i + 1 is ALPHABET[i].
BLANK = 0
# Pixels of the input, and of the straightened line that is read.
HEIGHT, WIDTH = 64, 224
LINE_HEIGHT, LINE_WIDTH = 32, 160
# What a crop shows on each side of the detector's box, as parts of its width and height: a box may cut into the plate.
MARGIN_X, MARGIN_Y = 0.06, 0.15
# What is read on each side of the found line, as parts of its length and height: finding it is not exact.
LINE_MARGIN_X, LINE_MARGIN_Y = 0.04, 0.14
# Keeps the contrast normalisation finite on a blank picture.
LOWEST_VARIANCE = 1e-4


class ConvBlock(nn.Sequential):
    """Convolution, batch norm and ReLU; the norm is folded away at export."""

    def __init__(self, inputs, outputs, kernel=3, stride=1, padding=1, groups=1, activate=True):
        layers = [nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False), nn.BatchNorm2d(outputs)]
        if activate:
            layers.append(nn.ReLU(inplace=True))
        super().__init__(*layers)


class Residual(nn.Module):
    """A 3x3 convolution with a shortcut around it."""

    def __init__(self, channels):
        super().__init__()
        self.block = ConvBlock(channels, channels)

    def forward(self, features):
        return features + self.block(features)


class MixingBlock(nn.Module):
    """Mixes neighbouring columns (depthwise) and then channels, so that a character sees the format around it."""

    def __init__(self, channels, kernel=9):
        super().__init__()
        self.columns = ConvBlock(channels, channels, (1, kernel), 1, (0, kernel // 2), groups=channels, activate=False)
        self.widen = ConvBlock(channels, channels * 2, 1, 1, 0)
        self.narrow = ConvBlock(channels * 2, channels, 1, 1, 0, activate=False)

    def forward(self, features):
        return features + self.narrow(self.widen(self.columns(features)))


class Locator(nn.Module):
    """Normalised crops (N, 1, HEIGHT, WIDTH) to the corners of their line of text (N, 4, 2).

    Corners run clockwise from the top left; coordinates run from -1 to 1 over the crop, as grid_sample has them.
    """

    def __init__(self, widths=(16, 24, 40, 48), hidden=64):
        super().__init__()
        first, second, third, fourth = widths
        self.features = nn.Sequential(
            nn.AvgPool2d(2),
            ConvBlock(1, first, 3, 2),
            ConvBlock(first, second, 3, 2),
            ConvBlock(second, third, 3, 2),
            ConvBlock(third, fourth, 3, (1, 2)),
        )
        cells = (HEIGHT // 16) * (WIDTH // 32)
        self.corners = nn.Sequential(nn.Flatten(), nn.Linear(fourth * cells, hidden), nn.ReLU(inplace=True), nn.Linear(hidden, 8))
        nn.init.zeros_(self.corners[-1].weight)
        with torch.no_grad():
            self.corners[-1].bias.copy_(torch.tensor((-0.8, -0.5, 0.8, -0.5, 0.8, 0.5, -0.8, 0.5)))

    def forward(self, crops):
        return self.corners(self.features(crops)).reshape(-1, 4, 2)


def line_basis():
    """The part of each corner in every pixel of the straightened line: (LINE_HEIGHT * LINE_WIDTH, 4)."""
    across = ((torch.arange(LINE_WIDTH) + 0.5) / LINE_WIDTH * (1 + 2 * LINE_MARGIN_X) - LINE_MARGIN_X)[None, :]
    down = ((torch.arange(LINE_HEIGHT) + 0.5) / LINE_HEIGHT * (1 + 2 * LINE_MARGIN_Y) - LINE_MARGIN_Y)[:, None]
    parts = torch.stack(((1 - across) * (1 - down), across * (1 - down), across * down, (1 - across) * down), 2)
    return parts.reshape(-1, 4)


class PlateReader(nn.Module):
    """Grey pictures (N, 1, HEIGHT, WIDTH) in 0-1 to class logits (N, 40, classes)."""

    def __init__(self, widths=(24, 40, 72, 112, 128), mixing=3):
        super().__init__()
        self.locate = Locator()
        self.register_buffer("basis", line_basis(), persistent=False)
        first, second, third, fourth, last = widths
        self.features = nn.Sequential(
            ConvBlock(1, first, 3, 2),
            Residual(first),
            ConvBlock(first, second, 3, 2),
            Residual(second),
            ConvBlock(second, third, 3, (2, 1)),
            Residual(third),
            ConvBlock(third, fourth, 3, (2, 1)),
            ConvBlock(fourth, last, (2, 3), 1, (0, 1)),
            *(MixingBlock(last) for _ in range(mixing)),
        )
        self.classify = nn.Conv2d(last, len(ALPHABET) + 1, 1)

    @staticmethod
    def normalise(images):
        """Takes the mean off each picture and divides by its deviation."""
        centred = images - images.mean(dim=(2, 3), keepdim=True)
        variance = (centred * centred).mean(dim=(2, 3), keepdim=True)
        return centred / (variance + LOWEST_VARIANCE).sqrt()

    def straighten(self, images, corners):
        """Samples the line between the corners, with its margin, as (N, 1, LINE_HEIGHT, LINE_WIDTH)."""
        grid = (self.basis @ corners).reshape(-1, LINE_HEIGHT, LINE_WIDTH, 2)
        return nn.functional.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)

    def read(self, lines):
        """Straightened lines to class logits (N, steps, classes)."""
        return self.classify(self.features(self.normalise(lines))).squeeze(2).transpose(1, 2)

    def forward(self, images):
        return self.read(self.straighten(images, self.locate(self.normalise(images))))


class ExportedReader(nn.Module):
    """The reader with its softmax: pictures in, probabilities (N, T, C) out."""

    def __init__(self, reader):
        super().__init__()
        self.reader = reader

    def forward(self, images):
        return self.reader(images).softmax(dim=2)


def decode(probabilities):
    """Greedy CTC reading of (T, C) probabilities: the text and each character's highest probability."""
    best = probabilities.argmax(1)
    text, scores = "", []
    for step, label in enumerate(best):
        repeated = step and best[step - 1] == label
        if label == BLANK:
            continue
        score = float(probabilities[step, label])
        if repeated:
            scores[-1] = max(scores[-1], score)
        else:
            text += ALPHABET[label - 1]
            scores.append(score)
    return text, scores


def encode(text):
    """Class numbers of a text."""
    return torch.tensor([ALPHABET.index(character) + 1 for character in text], dtype=torch.long)
