"""Trains the detector: reads scenes from the ring, augments them, and keeps averaged weights."""

import argparse
import copy
import math
import time
from pathlib import Path

import cv2
import numpy as np
import torch

from augment import augment
from detector import ConvBlock, PlateDetector, flatten_predictions
from from_onnx import start_from
from loss import detection_loss
from ring import Ring

# Size (height, width) of pictures as large as most of an input, for close-ups, and how much the scenes are scaled for them. A batch of
# them has fewer pictures, so that it takes as long as the others.
WHOLE, WHOLE_SCALES = (416, 576), (1.0, 1.5)
# How much scenes are scaled for a tile: a quarter of a picture, for small plates.
TILE_SCALES = (0.3, 0.8)
WARMUP_STEPS = 300
FINAL_RATE_SHARE = 0.02
EMA_DECAY, EMA_RAMP = 0.9985, 400
MAX_GRADIENT = 10.0
REPORT_EVERY = 100
SAVE_EVERY = 500


class RingStream(torch.utils.data.IterableDataset):
    """Endless batches of augmented scenes. Every worker has its own random stream."""

    def __init__(self, options):
        self.options = options

    def __iter__(self):
        options = self.options
        cv2.setNumThreads(1)
        worker = torch.utils.data.get_worker_info().id
        rng = np.random.default_rng((options.seed, worker, options.stream))
        ring = Ring(options.ring, options.slots, options.size)
        whole_batch = max(round(options.batch * options.crop[0] * options.crop[1] / (WHOLE[0] * WHOLE[1])), 2)
        while True:
            is_whole = rng.random() < options.whole
            pictures, truths = [], []
            for _ in range(whole_batch if is_whole else options.batch):
                if is_whole:
                    picture, boxes = augment(rng, *ring.read(rng), *WHOLE, WHOLE_SCALES)
                elif rng.random() < options.tiled:
                    picture, boxes = tiled(rng, ring, *options.crop)
                else:
                    picture, boxes = augment(rng, *ring.read(rng), *options.crop)
                pictures.append(picture)
                truths.append(torch.from_numpy(boxes.astype(np.float32).reshape(-1, 4)))
            yield torch.from_numpy(np.stack(pictures)), truths


def tiled(rng, ring, height, width):
    """Return a picture of four scenes that are scaled down, and its boxes."""
    tall, wide = height // 2, width // 2
    picture, boxes = np.empty((2 * tall, 2 * wide, 3), np.uint8), []
    for y in (0, tall):
        for x in (0, wide):
            picture[y : y + tall, x : x + wide], found = augment(rng, *ring.read(rng), tall, wide, TILE_SCALES)
            boxes.append(found.reshape(-1, 4) + (x, y, x, y))
    return picture, np.concatenate(boxes)


class AveragedWeights:
    """Exponential moving average of a model's state, ramped up over the first steps."""

    def __init__(self, model):
        self.model = copy.deepcopy(model).eval()
        self.steps = 0

    @torch.no_grad()
    def update(self, model):
        self.steps += 1
        decay = EMA_DECAY * (1 - math.exp(-self.steps / EMA_RAMP))
        for mine, theirs in zip(self.model.state_dict().values(), model.state_dict().values()):
            if mine.dtype.is_floating_point:
                mine.lerp_(theirs, 1 - decay)
            else:
                mine.copy_(theirs)


def learning_rate(step, done, peak):
    """Linear warm-up, and cosine decay to a small share of the peak; `done` is the share of the training that is done."""
    decayed = FINAL_RATE_SHARE + (1 - FINAL_RATE_SHARE) * (1 + math.cos(math.pi * min(done, 1))) / 2
    return peak * min(1, (step + 1) / WARMUP_STEPS) * decayed


def parameter_groups(model, decay):
    """Apply weight decay to convolution kernels only."""
    kernels = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    return [{"params": kernels, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]


def save(path, average):
    """Write a checkpoint atomically."""
    partial = path.with_suffix(".partial")
    torch.save(average.model.state_dict(), partial)
    partial.replace(path)


def as_input(pictures):
    """Return uint8 pictures (N, height, width, 3) as the network takes them: (N, 3, height, width), 0 to 1."""
    return pictures.permute(0, 3, 1, 2).to(memory_format=torch.channels_last).float() / 255


def train(options):
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    model = PlateDetector()
    loader = torch.utils.data.DataLoader(RingStream(options), batch_size=None, num_workers=options.workers, prefetch_factor=4)
    if options.start and options.start.suffix == ".onnx":
        start_from(model, options.start, ConvBlock, as_input(next(iter(loader))[0]))
    elif options.start:
        model.load_state_dict(torch.load(options.start, weights_only=True))
    model = model.to(memory_format=torch.channels_last).train()
    average = AveragedWeights(model)
    optimizer = torch.optim.AdamW(parameter_groups(model, options.decay), lr=options.rate)
    steps = options.samples // options.batch
    began, running = time.time(), 0.0
    for step, (pictures, truths) in enumerate(loader):
        done = max((step + 1) / steps, (time.time() - began) / options.seconds if options.seconds else 0)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, done, options.rate)
        loss = detection_loss(*flatten_predictions(model(as_input(pictures))), truths)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), MAX_GRADIENT)
        optimizer.step()
        average.update(model)
        running += loss.item()
        if (step + 1) % REPORT_EVERY == 0:
            print(f"step {step + 1} {done:.0%} loss {running / REPORT_EVERY:.4f} {time.time() - began:.0f}s", flush=True)
            running = 0.0
        if (step + 1) % SAVE_EVERY == 0 or done >= 1:
            save(options.output, average)
        if done >= 1:
            return


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ring", required=True)
    parser.add_argument("--output", required=True, type=Path, help="checkpoint to write")
    parser.add_argument("--start", type=Path, help="checkpoint to start from, or an exported model")
    parser.add_argument("--slots", type=int, default=8000)
    parser.add_argument("--size", type=int, default=416)
    parser.add_argument("--crop", type=int, nargs=2, default=(288, 288), metavar=("HEIGHT", "WIDTH"))
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--whole", type=float, default=0.3, help="share of the batches with large pictures, for close-ups")
    parser.add_argument("--tiled", type=float, default=0.3, help="share of the other pictures that show four scenes, scaled down")
    parser.add_argument("--samples", type=int, default=48000)
    parser.add_argument("--seconds", type=float, default=0, help="stop after this time; the learning rate schedule adapts to it")
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--decay", type=float, default=0.02)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stream", type=int, default=0, help="random stream; use another number for a later round")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
