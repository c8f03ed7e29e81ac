"""Evaluates an exported recognizer: exact matches on photographs and synthetic crops, reliability, and time per crop."""

import argparse
import csv
import time
from itertools import groupby, pairwise
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

from reader import HEIGHT, MARGIN_X, MARGIN_Y, WIDTH, decode
from reader_crops import make_crop, stretch
from reader_lines import Glyphs, font_paths
from reader_plates import FAMILIES
from registrations import REPEATED_SHARE

WARM_RUNS, TIMED_RUNS = 10, 150
JITTERED_RUNS = 5
# A seed that no training run used, and how many crops of each family are drawn.
SYNTHETIC_SEED, FAMILY_CROPS = 10_007, 300
SCORE_EDGES = (0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 1.01)


def open_session(path):
    """An onnxruntime session on one thread."""
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), settings, providers=["CPUExecutionProvider"])


def bare(text):
    """Remove everything except letters and digits."""
    return "".join(c for c in text if c.isalnum())


def read(session, picture):
    """Return the text of a uint8 grayscale (HEIGHT, WIDTH) image, and the mean and product of its letter and digit scores."""
    tensor = picture[None, None].astype(np.float32) / 255
    text, scores = decode(session.run(None, {"images": tensor})[0][0])
    scores = [score for c, score in zip(text, scores) if c.isalnum()] or [0.0]
    return text, float(np.mean(scores)), float(np.prod(scores))


def cut(rng, picture, row, jitter):
    """Crop a truth.tsv box with its margin, each edge moved by up to `jitter` of the box size, stretched to the input."""
    x, y, w, h = (float(row[key]) for key in "xywh")
    moves = rng.uniform(-jitter, jitter, 4) * (w, h, w, h)
    x0, y0, x1, y1 = np.array((x, y, x + w, y + h)) + moves
    across, down = (x1 - x0) * MARGIN_X, (y1 - y0) * MARGIN_Y
    x0, y0 = (int(max(v, 0)) for v in np.round((x0 - across, y0 - down)))
    x1, y1 = (int(v) for v in np.round((x1 + across, y1 + down)))
    return stretch(picture[y0:y1, x0:x1])


def photographs(session, folder, jitter, runs):
    """Return (group, truth, text, mean, product) for every photograph in truth.tsv, `runs` times."""
    rng = np.random.default_rng(7)
    results = []
    with open(folder / "truth.tsv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            picture = cv2.imread(str(folder / row["file"]), cv2.IMREAD_GRAYSCALE)
            for _ in range(runs):
                results.append((row["file"], row["text"], *read(session, cut(rng, picture, row, jitter))))
    return results


def synthetic(session, glyphs, count, family=None, repeated=False):
    """Return (group, truth, text, mean, product) for drawn crops: of a family, or of those whose text repeats a character."""
    rng, results = np.random.default_rng(SYNTHETIC_SEED), []
    while len(results) < count:
        picture, text, *_ = make_crop(rng, glyphs, [], family, 1.0 if repeated else REPEATED_SHARE)
        if not repeated or any(c == d for c, d in pairwise(bare(text))):
            results.append(("synthetic", text, *read(session, picture)))
    return results


def exact(results):
    """Return the share of exact matches, comparing letters and digits only."""
    return np.mean([bare(text) == bare(truth) for _, truth, text, *_ in results])


def similar(text):
    """Map characters that look alike on plates to one character."""
    return bare(text).replace("O", "0").replace("I", "1")


def miscounted(results):
    """Return the share of texts in which nothing but the number of equal characters in a row is wrong."""
    def without_repeats(text):
        return [c for c, _ in groupby(bare(text))]
    return np.mean([bare(text) != bare(truth) and without_repeats(text) == without_repeats(truth) for _, truth, text, *_ in results])


def report(name, results):
    """Print the share of exact matches, in total and per group (the part of the file name before the hyphen)."""
    groups = sorted({file.split("-")[0] for file, *_ in results})
    parts = [f"{group} {exact([r for r in results if r[0].split('-')[0] == group]):.3f}" for group in groups]
    alike = np.mean([similar(r[2]) == similar(r[1]) for r in results])
    print(f"{name}: exact {exact(results):.3f} ({', '.join(parts)}); with O=0 and I=1 {alike:.3f}")


def reliability(name, results, column):
    """Print the share of correct results per score range."""
    scores = np.array([r[column] for r in results])
    right = np.array([bare(r[2]) == bare(r[1]) for r in results])
    for low, high in zip(SCORE_EDGES[:-1], SCORE_EDGES[1:]):
        chosen = (scores >= low) & (scores < high)
        if chosen.any():
            print(f"  {name} {low:.2f}-{min(high, 1):.2f}: {chosen.sum():5d} results, mean score {scores[chosen].mean():.3f}, right {right[chosen].mean():.3f}")


def time_models(models):
    """Print each model's median and minimum time in milliseconds, from interleaved runs, so that load affects all equally."""
    rng = np.random.default_rng(0)
    feeds = [(name, session, {session.get_inputs()[0].name: rng.random(shape, dtype=np.float32)}) for name, session, shape in models]
    times = {name: [] for name, *_ in feeds}
    for _ in range(WARM_RUNS + TIMED_RUNS):
        for name, session, feed in feeds:
            start = time.perf_counter()
            session.run(None, feed)
            times[name].append((time.perf_counter() - start) * 1e3)
    for name, taken in times.items():
        print(f"{name}: median {np.median(taken[WARM_RUNS:]):.2f} ms, fastest {min(taken[WARM_RUNS:]):.2f} ms")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--photos", type=Path, help="folder of photographs with truth.tsv")
    parser.add_argument("--jitter", type=float, nargs="*", default=[0.05, 0.1])
    parser.add_argument("--synthetic", type=int, default=0, help="number of crops to render with a seed that training did not use")
    parser.add_argument("--fonts", nargs="+", default=["/usr/share/fonts"])
    parser.add_argument("--compare", help="PP-OCR recognition model to time for comparison")
    parser.add_argument("--errors", action="store_true", help="print every photograph whose text is wrong")
    options = parser.parse_args()
    session = open_session(options.model)
    if options.compare:
        other = open_session(options.compare)
        time_models([("this reader", session, (1, 1, HEIGHT, WIDTH)), ("PP-OCR, width 320", other, (1, 3, 48, 320)),
                     ("PP-OCR, width 216", other, (1, 3, 48, 216)), ("PP-OCR, width 152", other, (1, 3, 48, 152))])
    if options.photos:
        true_boxes = photographs(session, options.photos, 0.0, 1)
        report("photographs, true boxes", true_boxes)
        jittered = []
        for jitter in options.jitter:
            results = photographs(session, options.photos, jitter, JITTERED_RUNS)
            report(f"photographs, edges moved by up to {jitter:.0%}", results)
            jittered += results
        reliability("photographs, mean", true_boxes + jittered, 3)
        reliability("photographs, product", true_boxes + jittered, 4)
        if options.errors:
            print(*(f"  {r[0]} {r[1]} read {r[2]} ({r[3]:.2f})" for r in true_boxes if bare(r[2]) != bare(r[1])), sep="\n")
    if options.synthetic:
        glyphs = Glyphs(font_paths(options.fonts))
        results = synthetic(session, glyphs, options.synthetic)
        report("synthetic", results)
        for family in FAMILIES:
            report(f"synthetic, {family}", synthetic(session, glyphs, FAMILY_CROPS, family))
        repeated = synthetic(session, glyphs, FAMILY_CROPS, repeated=True)
        report("synthetic, repeated characters", repeated)
        print(f"  of these, only repetitions are wrong in {miscounted(repeated):.3f}")
        reliability("synthetic, mean", results, 3)
        reliability("synthetic, product", results, 4)


if __name__ == "__main__":
    main()
