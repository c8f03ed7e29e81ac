"""A loss that sees every letter: at its center, the reader must report it, and halfway between two neighbors, nothing.

CTC alone leaves open where a letter is reported. Then one of two equal letters is easily lost, and a wide one doubled.
"""

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from reader import BLANK, HALF_MARGIN_X, HEIGHT, LINE_MARGIN_X, WIDTH, encode

# Neighbors whose centers are at least this many steps apart must have a blank between them.
MIN_PITCH = 2.0
# The center of the first step's receptive field, in steps: its pixel is the first of four.
FIRST_STEP = 0.125


def letters_of(samples):
    """Return a row per letter of a batch of (text, centers): sample, line, center, whether it is joined to the one before, and class."""
    rows = []
    for index, (text, centers) in enumerate(samples):
        classes = encode("".join(c for c in text if c.isalnum()))
        rows.append(np.column_stack((np.full(len(centers), index), centers, classes)))
    return torch.from_numpy(np.concatenate(rows).astype(np.float32))


def steps_of(letters, corners, cut_at, are_two, steps):
    """Return the fractional time step of each letter in lines that were cut at `cut_at` (N, 2, 4, 2) and whose true corners are `corners`."""
    sample, line = letters[:, 0].long(), letters[:, 1].long()
    size = torch.tensor((WIDTH, HEIGHT))

    def ends(quads):
        quads = quads[sample, line] * size
        return (quads[:, 0] + quads[:, 3]) / 2, (quads[:, 1] + quads[:, 2]) / 2

    left, right = ends(corners)
    center = left + letters[:, 2:3] * (right - left)
    left, right = ends(cut_at)
    along = right - left
    share = ((center - left) * along).sum(1) / (along * along).sum(1)
    two = are_two[sample]
    margin = torch.where(two, HALF_MARGIN_X, LINE_MARGIN_X)
    room = torch.where(two, steps / 2, float(steps))
    return (share + margin) / (1 + 2 * margin) * room + line * room - FIRST_STEP


def letter_loss(logits, letters, places):
    """Return the mean cross-entropy of the steps at and between letters. `logits` are (N, steps, classes), `places` are `steps_of`."""
    sample, joined, classes = letters[:, 0].long(), letters[:, 3] > 0, letters[:, 4].long()
    apart = joined[1:] & (places[1:] - places[:-1] >= MIN_PITCH)
    between = ((places[1:] + places[:-1]) / 2)[apart]
    at = torch.cat((places, between)).round().long().clamp(0, logits.shape[1] - 1)
    sample = torch.cat((sample, sample[1:][apart]))
    return cross_entropy(logits[sample, at], torch.cat((classes, torch.full((len(between),), BLANK))))
