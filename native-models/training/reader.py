"""Owns the network of the plate reader: a small grey-image convolutional CTC recogniser and its alphabet."""

import torch
from torch import nn

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. "
# CTC class 0 means "no new character"; class i + 1 is ALPHABET[i].
BLANK = 0
HEIGHT, WIDTH = 32, 160
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


class PlateReader(nn.Module):
    """Grey pictures (N, 1, 32, 160) in 0-1 to class logits (N, 40, classes)."""

    def __init__(self, widths=(24, 40, 72, 112, 128), mixing=3):
        super().__init__()
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

    def forward(self, images):
        centred = images - images.mean(dim=(2, 3), keepdim=True)
        variance = (centred * centred).mean(dim=(2, 3), keepdim=True)
        features = self.features(centred / (variance + LOWEST_VARIANCE).sqrt())
        return self.classify(features).squeeze(2).transpose(1, 2)


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
