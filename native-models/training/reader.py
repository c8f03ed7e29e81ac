"""The plate-reader network: it locates the one or two lines of text in a crop, straightens them into one, and recognizes it."""

import torch
from torch import nn

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. ÄÖÜÑ"
# CTC class 0 is the blank; class i + 1 is ALPHABET[i].
BLANK = 0
# Size of the input and of the straightened line, in pixels.
HEIGHT, WIDTH = 64, 224
LINE_HEIGHT, LINE_WIDTH = 32, 160
# Margin of the crop around the detector's box, as fractions of its width and height: a box may cut into the plate.
MARGIN_X, MARGIN_Y = 0.06, 0.15
# Margin around the located line, as fractions of its length and height: the location is not exact.
LINE_MARGIN_X, LINE_MARGIN_Y = 0.04, 0.14
# The same along each of two lines, which share the width of one: it keeps them apart.
HALF_MARGIN_X = 0.1
# Where the locator begins: a line in the middle of the crop; for two lines, the lower one; and rarely two.
START_CORNERS = (-0.8, -0.5, 0.8, -0.5, 0.8, 0.5, -0.8, 0.5)
SECOND_CORNERS, START_LOGIT = (-0.8, 0.1, 0.8, 0.1, 0.8, 0.8, -0.8, 0.8), -2.0
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
    """Locates the text in normalized crops (N, 1, HEIGHT, WIDTH).

    Returns the corners of two lines (N, 2, 4, 2) and the logit that there are two (N). If there is one line, the second one means
    nothing. Corners are clockwise from the top left. Coordinates are -1 to 1 over the crop, as in grid_sample.
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
        self.second = nn.Sequential(nn.Flatten(), nn.Linear(fourth * cells, hidden), nn.ReLU(inplace=True), nn.Linear(hidden, 9))
        for layer, start in ((self.corners[-1], START_CORNERS), (self.second[-1], (*SECOND_CORNERS, START_LOGIT))):
            nn.init.zeros_(layer.weight)
            with torch.no_grad():
                layer.bias.copy_(torch.tensor(start))

    def forward(self, crops):
        features = self.features(crops)
        second = self.second(features)
        lines = torch.stack((self.corners(features), second[:, :8]), 1)
        return lines.reshape(-1, 2, 4, 2), second[:, 8]


def line_basis(width, margin):
    """Return the weight of each corner for every pixel of a straightened line of `width` pixels: (LINE_HEIGHT, width, 4)."""
    across = ((torch.arange(width) + 0.5) / width * (1 + 2 * margin) - margin)[None, :]
    down = ((torch.arange(LINE_HEIGHT) + 0.5) / LINE_HEIGHT * (1 + 2 * LINE_MARGIN_Y) - LINE_MARGIN_Y)[:, None]
    return torch.stack(((1 - across) * (1 - down), across * (1 - down), across * down, (1 - across) * down), 2)


class PlateReader(nn.Module):
    """Grayscale images (N, 1, HEIGHT, WIDTH), 0-1, to class logits (N, 40, classes)."""

    def __init__(self, widths=(24, 40, 72, 112, 128), mixing=3):
        super().__init__()
        self.locate = Locator()
        self.register_buffer("whole", line_basis(LINE_WIDTH, LINE_MARGIN_X).reshape(-1, 4), persistent=False)
        half = line_basis(LINE_WIDTH // 2, HALF_MARGIN_X)
        # Of two lines, the first one is sampled into the left half and the second one into the right half.
        split = torch.cat((nn.functional.pad(half, (0, 4)), nn.functional.pad(half, (4, 0))), 1)
        self.register_buffer("halves", split.reshape(-1, 8), persistent=False)
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

    def straighten(self, images, corners, are_two):
        """Sample the lines between the corners (N, 2, 4, 2), with their margins, as one line (N, 1, LINE_HEIGHT, LINE_WIDTH).

        `are_two` (N) says which crops have two lines; of the others, only the first line is sampled.
        """
        grid = torch.where(are_two[:, None, None], self.halves @ corners.flatten(1, 2), self.whole @ corners[:, 0])
        grid = grid.reshape(-1, LINE_HEIGHT, LINE_WIDTH, 2)
        return nn.functional.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)

    def read(self, lines):
        """Return the class logits (N, steps, classes) of straightened lines."""
        return self.classify(self.features(self.normalize(lines))).flatten(2).transpose(1, 2)

    def forward(self, images):
        corners, two = self.locate(self.normalize(images))
        return self.read(self.straighten(images, corners, two > 0))


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
