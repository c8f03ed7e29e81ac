"""The plate-reader network: it locates the line of text in a crop, straightens it, and recognizes it."""

import torch
from torch import nn

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. "
# CTC class 0 is the blank; class i + 1 is ALPHABET[i].
BLANK = 0
# Size of the input and of the straightened line, in pixels.
HEIGHT, WIDTH = 64, 224
LINE_HEIGHT, LINE_WIDTH = 32, 160
# Margin of the crop around the detector's box, as fractions of its width and height: a box may cut into the plate.
MARGIN_X, MARGIN_Y = 0.06, 0.15
# Margin around the located line, as fractions of its length and height: the location is not exact.
LINE_MARGIN_X, LINE_MARGIN_Y = 0.04, 0.14
# Keeps the contrast normalization finite on a blank image.
MIN_VARIANCE = 1e-4


class ConvBlock(nn.Sequential):
    """Convolution, batch norm, and ReLU. The export folds the norm into the convolution."""

    def __init__(self, inputs, outputs, kernel=3, stride=1, padding=1, groups=1, activate=True):
        layers = [nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False), nn.BatchNorm2d(outputs)]
        if activate:
            layers.append(nn.ReLU(inplace=True))
        super().__init__(*layers)


class Residual(nn.Module):
    """A 3x3 convolution with a shortcut."""

    def __init__(self, channels):
        super().__init__()
        self.block = ConvBlock(channels, channels)

    def forward(self, features):
        return features + self.block(features)


class MixingBlock(nn.Module):
    """Mixes neighboring columns (depthwise), then channels, so that the context of a character is available."""

    def __init__(self, channels, kernel=9):
        super().__init__()
        self.columns = ConvBlock(channels, channels, (1, kernel), 1, (0, kernel // 2), groups=channels, activate=False)
        self.widen = ConvBlock(channels, channels * 2, 1, 1, 0)
        self.narrow = ConvBlock(channels * 2, channels, 1, 1, 0, activate=False)

    def forward(self, features):
        return features + self.narrow(self.widen(self.columns(features)))


class Locator(nn.Module):
    """Predicts the corners of the line of text (N, 4, 2) from normalized crops (N, 1, HEIGHT, WIDTH).

    Corners are clockwise from the top left. Coordinates are -1 to 1 over the crop, as in grid_sample.
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
    """Return the weight of each corner for every pixel of the straightened line: (LINE_HEIGHT * LINE_WIDTH, 4)."""
    across = ((torch.arange(LINE_WIDTH) + 0.5) / LINE_WIDTH * (1 + 2 * LINE_MARGIN_X) - LINE_MARGIN_X)[None, :]
    down = ((torch.arange(LINE_HEIGHT) + 0.5) / LINE_HEIGHT * (1 + 2 * LINE_MARGIN_Y) - LINE_MARGIN_Y)[:, None]
    parts = torch.stack(((1 - across) * (1 - down), across * (1 - down), across * down, (1 - across) * down), 2)
    return parts.reshape(-1, 4)


class PlateReader(nn.Module):
    """Grayscale images (N, 1, HEIGHT, WIDTH), 0-1, to class logits (N, 40, classes)."""

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
    def normalize(images):
        """Subtract the mean of each image and divide by its standard deviation."""
        centered = images - images.mean(dim=(2, 3), keepdim=True)
        variance = (centered * centered).mean(dim=(2, 3), keepdim=True)
        return centered / (variance + MIN_VARIANCE).sqrt()

    def straighten(self, images, corners):
        """Sample the line between the corners, with its margin, as (N, 1, LINE_HEIGHT, LINE_WIDTH)."""
        grid = (self.basis @ corners).reshape(-1, LINE_HEIGHT, LINE_WIDTH, 2)
        return nn.functional.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)

    def read(self, lines):
        """Return the class logits (N, steps, classes) of straightened lines."""
        return self.classify(self.features(self.normalize(lines))).squeeze(2).transpose(1, 2)

    def forward(self, images):
        return self.read(self.straighten(images, self.locate(self.normalize(images))))


class ExportedReader(nn.Module):
    """The network with softmax. Takes images; returns probabilities (N, T, C)."""

    def __init__(self, reader):
        super().__init__()
        self.reader = reader

    def forward(self, images):
        return self.reader(images).softmax(dim=2)


def decode(probabilities):
    """Decode (T, C) probabilities with greedy CTC. Return the text and each character's highest probability."""
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
    """Return the class numbers of a text."""
    return torch.tensor([ALPHABET.index(character) + 1 for character in text], dtype=torch.long)
