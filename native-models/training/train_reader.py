"""Trains plate-reader: renders crops in workers, reuses each a few times, and trains the CTC network."""

import argparse
import copy
import math
import time
from pathlib import Path

import cv2
import numpy as np
import torch

from backgrounds import load_pool
from from_onnx import start_from
from reader import BLANK, HEIGHT, WIDTH, ConvBlock, PlateReader, encode
from reader_crops import make_crop
from reader_lines import Glyphs, font_paths
from reader_loss import letter_loss, letters_of, steps_of

WARMUP_STEPS = 200
EMA_DECAY, EMA_RAMP = 0.998, 300
MAX_GRADIENT = 5.0
REPORT_EVERY, SAVE_EVERY = 50, 200
# Background images that each worker keeps.
SCENERY = 200
# Standard deviation of a reused crop's shift, in half widths and half heights.
SHIFT = np.array((0.02, 0.04))
# Weight of the corner loss relative to the CTC loss. Errors beyond CORNER_BETA count linearly.
CORNER_WEIGHT, CORNER_BETA = 4.0, 0.05
# Weight of the loss of the steps at and between letters.
LETTER_WEIGHT = 0.5
# Weight of the loss of telling one line from two.
COUNT_WEIGHT = 0.2
# Half of the lines are cut at the true corners, moved by this much (in half widths and half heights), so that recognition
# can be learned before the locator is accurate. The others are cut at the predicted corners.
CORNER_NOISE = torch.tensor((0.02, 0.06))


class CropStream(torch.utils.data.IterableDataset):
    """Endless batches. A share of each batch is newly rendered; the rest is sampled from the worker's recent crops."""

    def __init__(self, options):
        self.options = options

    def __iter__(self):
        options = self.options
        cv2.setNumThreads(1)
        worker = torch.utils.data.get_worker_info()
        rng = np.random.default_rng((options.seed, worker.id if worker else 0))
        glyphs = Glyphs(font_paths(options.fonts))
        pool = [cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in load_pool(options.pool)[:SCENERY]]
        ring, oldest = [], 0
        while True:
            for _ in range(max(options.batch // options.reuse, 1)):
                sample = make_crop(rng, glyphs, pool)
                if len(ring) < options.slots:
                    ring.append(sample)
                else:
                    ring[oldest] = sample
                    oldest = (oldest + 1) % options.slots
            if len(ring) < min(options.batch, options.slots):
                continue
            chosen = [ring[i] for i in rng.integers(0, len(ring), options.batch)]
            pictures, corners = zip(*(self._vary(rng, picture, corners) for picture, _, corners, _ in chosen))
            counts = torch.tensor([len(lines) for lines in corners])
            corners = [np.concatenate((lines, lines))[:2] for lines in corners]
            labels = [encode(text) for _, text, *_ in chosen]
            letters = letters_of([(text, centers) for _, text, _, centers in chosen])
            lengths = torch.tensor([len(label) for label in labels])
            yield torch.from_numpy(np.stack(pictures))[:, None], torch.from_numpy(np.stack(corners)), counts, torch.cat(labels), lengths, letters

    @staticmethod
    def _vary(rng, picture, corners):
        """Apply a small random shift and scale to a crop and its corners, so that reused crops differ."""
        size = np.array((WIDTH, HEIGHT))
        scale = 1 + rng.normal(0, 0.02, 2)
        moved = rng.normal(0, 1, 2) * SHIFT
        shift = moved * size / 2 + (1 - scale) * size / 2
        matrix = np.array(((scale[0], 0, shift[0]), (0, scale[1], shift[1])), np.float32)
        picture = cv2.warpAffine(picture, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
        return picture, (corners * scale + moved).astype(np.float32)


@torch.no_grad()
def average_weights(average, model, step):
    """Move the averaged state slightly toward the model's state."""
    decay = EMA_DECAY * (1 - math.exp(-step / EMA_RAMP))
    for mine, theirs in zip(average.state_dict().values(), model.state_dict().values()):
        if mine.dtype.is_floating_point:
            mine.lerp_(theirs, 1 - decay)
        else:
            mine.copy_(theirs)


def save(path, model):
    """Write a checkpoint atomically."""
    partial = path.with_suffix(".partial")
    torch.save(model.state_dict(), partial)
    partial.replace(path)


def share_done(options, step, began):
    """Return the progress of training, by steps or, if a time limit is set, by time."""
    by_time = (time.time() - began) / options.seconds if options.seconds else 0
    return max(by_time, step / options.steps)


def train(options):
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    model = PlateReader()
    loader = iter(torch.utils.data.DataLoader(CropStream(options), batch_size=None, num_workers=options.workers, prefetch_factor=4))
    if options.start and options.start.suffix == ".onnx":
        start_from(model, options.start, ConvBlock, next(loader)[0].float() / 255)
    elif options.start:
        model.load_state_dict(torch.load(options.start, weights_only=True))
    model = model.to(memory_format=torch.channels_last).train()
    average = copy.deepcopy(model).eval()
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.rate, weight_decay=options.decay)
    began, running, step = time.time(), np.zeros(3), 0
    while (done := share_done(options, step, began)) < 1:
        rate = options.rate * min(1, (step + 1) / WARMUP_STEPS) * (0.01 + 0.99 * (1 + math.cos(math.pi * done)) / 2)
        for group in optimizer.param_groups:
            group["lr"] = rate
        pictures, corners, counts, labels, lengths, letters = next(loader)
        are_two = counts == 2
        with torch.autocast("cpu", torch.bfloat16):
            images = pictures.to(memory_format=torch.channels_last).float() / 255
            found, two = (output.float() for output in model.locate(model.normalize(images)))
            near = corners + torch.randn_like(corners) * CORNER_NOISE
            cut_at = torch.where(torch.rand(len(found), 1, 1, 1) < 0.5, near, found.detach())
            lines = model.straighten(images, cut_at, are_two).contiguous(memory_format=torch.channels_last)
            logits = model.read(lines)
        logits = logits.float()
        placing = letter_loss(logits, letters, steps_of(letters, corners, cut_at, are_two, logits.shape[1]))
        logits = logits.transpose(0, 1)
        is_line = torch.stack((torch.ones_like(are_two), are_two), 1)
        off = torch.nn.functional.smooth_l1_loss(found[is_line], corners[is_line], beta=CORNER_BETA)
        counting = torch.nn.functional.binary_cross_entropy_with_logits(two, are_two.float())
        reading = torch.nn.functional.ctc_loss(logits.log_softmax(2), labels, torch.full_like(lengths, len(logits)), lengths,
                                               blank=BLANK, zero_infinity=True)
        loss = reading + LETTER_WEIGHT * placing + CORNER_WEIGHT * off + COUNT_WEIGHT * counting
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), MAX_GRADIENT)
        optimizer.step()
        step += 1
        average_weights(average, model, step)
        running += np.array((reading.item(), placing.item(), (found.detach() - corners)[is_line].abs().mean().item()))
        if step % REPORT_EVERY == 0:
            reading, placing, off = running / REPORT_EVERY
            print(f"step {step} {done:.0%} loss {reading:.4f} letters {placing:.4f} corners {off:.4f} {time.time() - began:.0f}s", flush=True)
            running = np.zeros(3)
        if step % SAVE_EVERY == 0:
            save(options.output, average)
    save(options.output, average)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", required=True, type=Path, help="checkpoint to write")
    parser.add_argument("--start", type=Path, help="checkpoint to start from, or an exported model")
    parser.add_argument("--fonts", nargs="+", default=["/usr/share/fonts"])
    parser.add_argument("--pool", help="folder of images prepared by backgrounds.py")
    parser.add_argument("--slots", type=int, default=6000, help="recent crops that each worker keeps")
    parser.add_argument("--reuse", type=int, default=3, help="how often a rendered crop is used, on average")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--steps", type=int, default=20000)
    parser.add_argument("--seconds", type=float, default=0, help="stop after this time; the learning rate schedule adapts to it")
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--decay", type=float, default=0.02)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    train(parser.parse_args())


if __name__ == "__main__":
    main()
