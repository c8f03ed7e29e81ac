"""Owns reading a plate: crop, the recogniser that was chosen, CTC. Any thread."""

import ast
import math

# The environment that OpenCV reads when it is loaded is set there.
from models import MODELS, PP_OCR, metadata_of, open_session

import cv2
import numpy as np

LINE_HEIGHT, LINE_STEP, NARROWEST_LINE, WIDEST_LINE = 48, 8, 48, 1280


def resize(picture, width, height):
    """Averages where the picture gets much smaller, interpolates elsewhere."""
    is_small = picture.shape[1] < 2 * width or picture.shape[0] < 2 * height
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR if is_small else cv2.INTER_AREA)


def read_ctc(probabilities, alphabet):
    """Text and mean probability of its characters: the best class of each step, repeats merged, class 0 left out."""
    best = probabilities.argmax(axis=1)
    kept = (best != 0) & (best != np.concatenate(([0], best[:-1])))
    text = "".join(alphabet[index - 1] for index in best[kept]).strip()
    return text, float(probabilities.max(axis=1)[kept].mean()) if text else 0.0


class Reader:
    """A recogniser; a subclass knows its model and how to feed it."""

    margin = (0, 0)

    def __init__(self, path, threads):
        self.session = open_session(path, threads)
        self.input_name = self.session.get_inputs()[0].name

    def read(self, picture, box):
        """Text and score of what is in the box (x, y, w, h), grown by the model's margin."""
        x, y, w, h = box
        grow_x, grow_y = w * self.margin[0], h * self.margin[1]
        left, top = max(0, round(x - grow_x)), max(0, round(y - grow_y))
        crop = picture[top : max(top + 1, round(y + h + grow_y)), left : max(left + 1, round(x + w + grow_x))]
        (output,) = self.session.run(None, {self.input_name: self.prepare(crop)})
        return read_ctc(output[0], self.alphabet)


class LineReader(Reader):
    """PP-OCRv4 takes lines of any width, 48 pixels high, BGR from -1 to 1."""

    def __init__(self, threads):
        super().__init__(PP_OCR / "ch_PP-OCRv4_rec_infer.onnx", threads)
        self.alphabet = [*(PP_OCR / "ppocr_keys_v1.txt").read_text("utf-8").rstrip("\n").split("\n"), " "]

    def prepare(self, crop):
        """The crop as the model's input."""
        height, width = crop.shape[:2]
        wanted = math.ceil(width / height * LINE_HEIGHT / LINE_STEP) * LINE_STEP
        line = resize(crop, min(WIDEST_LINE, max(NARROWEST_LINE, wanted)), LINE_HEIGHT)
        return cv2.dnn.blobFromImage(line, 1 / 127.5, mean=(127.5, 127.5, 127.5))


class PlateReader(Reader):
    """plate-reader takes grey from 0 to 1, stretched to one size; its metadata tells the size and its characters."""

    def __init__(self, threads):
        super().__init__(MODELS / "plate-reader/model.onnx", threads)
        metadata = metadata_of(self.session)
        self.alphabet = metadata["alphabet"]
        self.size = ast.literal_eval(metadata["imgsz"])
        self.margin = ast.literal_eval(metadata.get("crop_margin", "[0, 0]"))

    def prepare(self, crop):
        """The crop as the model's input."""
        height, width = self.size
        grey = cv2.cvtColor(resize(crop, width, height), cv2.COLOR_BGR2GRAY)
        return grey[None, None].astype(np.float32) / 255


def open_reader(name, threads):
    """One of READERS."""
    return LineReader(threads) if name == "pp-ocrv4" else PlateReader(threads)
