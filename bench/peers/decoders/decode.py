"""Checks which JPEG files Pillow and OpenCV decode. Run by bench/jpeg.ts and a test.

decode.py bases DIR   writes the files to mutate
decode.py opencv DIR  writes files with OpenCV's encoder
decode.py judge       stdin: files, each prefixed by its length (uint32, little endian); stdout: two bytes per file:
                      1 or 0 for Pillow, and the decoded percentage of OpenCV's image, or 255 if OpenCV returns none
"""

import io
import struct
import sys
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

WIDTH, HEIGHT = 96, 64
NO_IMAGE = 255


def draw_image() -> Image.Image:
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    noise = np.random.default_rng(1).integers(0, 60, (HEIGHT, WIDTH))
    channels = [columns * 2 % 200 + noise // 2, rows * 3 + noise, (rows + columns) % 180 + noise]
    return Image.fromarray(np.stack(channels, axis=2).clip(0, 255).astype(np.uint8))


def write_bases(folder: Path) -> None:
    color = draw_image()
    options = {
        "444": {"subsampling": 0},
        "422": {"subsampling": 1},
        "420": {"subsampling": 2},
        "411": {"subsampling": "4:1:1"},
        "optimized": {"optimize": True},
        "progressive": {"progressive": True},
        "restart": {"restart_marker_blocks": 4},
        "restart-progressive": {"progressive": True, "restart_marker_blocks": 3},
        "exif": {"exif": b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x00\x00", "comment": b"a comment"},
    }
    for name, more in options.items():
        color.save(folder / f"{name}.jpg", quality=80, **more)
    color.convert("L").save(folder / "gray.jpg", quality=80)
    color.convert("L").save(folder / "gray-restart.jpg", quality=80, restart_marker_blocks=2)


def write_opencv_files(folder: Path) -> None:
    color = np.array(draw_image())[:, :, ::-1]
    options = {
        "default": [],
        "low": [cv2.IMWRITE_JPEG_QUALITY, 10],
        "progressive": [cv2.IMWRITE_JPEG_PROGRESSIVE, 1],
        "restart": [cv2.IMWRITE_JPEG_RST_INTERVAL, 7],
        "optimized": [cv2.IMWRITE_JPEG_OPTIMIZE, 1],
    }
    for name, more in options.items():
        cv2.imwrite(str(folder / f"opencv-{name}.jpg"), color, more)


def pillow_decodes(data: bytes) -> bool:
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG", "MPO"]) as image:
            image.load()
            return True
    except Exception:
        return False


def opencv_percent(data: bytes) -> int:
    """libjpeg fills missing areas with mid-gray."""
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:
        return NO_IMAGE
    return NO_IMAGE if image is None else int(100 * np.any(image != 128, axis=2).mean())


def judge() -> None:
    while header := sys.stdin.buffer.read(4):
        (length,) = struct.unpack("<I", header)
        data = sys.stdin.buffer.read(length)
        sys.stdout.buffer.write(bytes([pillow_decodes(data), opencv_percent(data)]))
    sys.stdout.buffer.flush()


if sys.argv[1] == "bases":
    write_bases(Path(sys.argv[2]))
elif sys.argv[1] == "opencv":
    write_opencv_files(Path(sys.argv[2]))
else:
    judge()
