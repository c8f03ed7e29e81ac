"""Background pool: finds photographs and textures, removes duplicates, and writes shrunken copies to one folder."""

import argparse
from pathlib import Path

import cv2
import numpy as np

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
MIN_SIDE, MAX_SIDE = 200, 1000
# Two images are duplicates if their 8x8 thumbnails differ by less than this mean level.
SAME_PICTURE = 3.0
# Images with less contrast (logos, plain colors) are skipped.
MIN_CONTRAST = 12.0


def collect(folders):
    """Yield the distinct images under the folders (BGR, shrunk to MAX_SIDE)."""
    seen = []
    for folder in folders:
        for path in sorted(p for p in Path(folder).rglob("*") if p.suffix.lower() in SUFFIXES):
            picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
            if picture is None or min(picture.shape[:2]) < MIN_SIDE:
                continue
            scale = min(1.0, MAX_SIDE / max(picture.shape[:2]))
            picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            thumbnail = cv2.resize(picture, (8, 8), interpolation=cv2.INTER_AREA).astype(np.float32)
            if picture.std() < MIN_CONTRAST or any(np.abs(thumbnail - other).mean() < SAME_PICTURE for other in seen):
                continue
            seen.append(thumbnail)
            yield picture


def load_pool(folder):
    """Return all prepared images as RGB, or an empty list if no folder is given."""
    paths = sorted(Path(folder).glob("*.jpg")) if folder else []
    return [cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB) for path in paths]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", required=True, type=Path)
    parser.add_argument("folders", nargs="+")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    count = 0
    for count, picture in enumerate(collect(options.folders), 1):
        cv2.imwrite(str(options.output / f"{count:04d}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 92])
    print(f"{count} images in {options.output}")


if __name__ == "__main__":
    main()
