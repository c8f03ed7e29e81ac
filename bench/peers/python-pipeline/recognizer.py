"""Recognizes a plate: crop, the selected recognizer, CTC. Any thread."""

import ast
import math

# Sets the environment variables that OpenCV reads when it is loaded.
from models import MODELS, PP_OCR, metadata_of, open_session

import cv2
import numpy as np

LINE_HEIGHT, LINE_STEP, MIN_LINE_WIDTH, MAX_LINE_WIDTH = 48, 8, 48, 1280


def resize(image, width, height):
    """Averages if the image gets much smaller, interpolates otherwise."""
    is_small = image.shape[1] < 2 * width or image.shape[0] < 2 * height
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR if is_small else cv2.INTER_AREA)


def decode_ctc(probabilities, alphabet):
    """Text and mean probability of its characters: best class per step, repeats merged, blanks (class 0) removed."""
    best = probabilities.argmax(axis=1)
    kept = (best != 0) & (best != np.concatenate(([0], best[:-1])))
    text = "".join(alphabet[index - 1] for index in best[kept]).strip()
    return text, float(probabilities.max(axis=1)[kept].mean()) if text else 0.0


class Recognizer:
    """Base class; subclasses define the model and its preprocessing."""

    margin = (0, 0)

    def __init__(self, path, threads):
        self.session = open_session(path, threads)
        self.input_name = self.session.get_inputs()[0].name

    def recognize(self, image, box):
        """Text and score of the box (x, y, w, h), grown by the model's margin."""
        x, y, w, h = box
        grow_x, grow_y = w * self.margin[0], h * self.margin[1]
        left, top = max(0, round(x - grow_x)), max(0, round(y - grow_y))
        crop = image[top : max(top + 1, round(y + h + grow_y)), left : max(left + 1, round(x + w + grow_x))]
        (output,) = self.session.run(None, {self.input_name: self.preprocess(crop)})
        return decode_ctc(output[0], self.alphabet)


class LineRecognizer(Recognizer):
    """PP-OCRv4 takes lines of any width, 48 pixels high, BGR from -1 to 1."""

    def __init__(self, threads):
        super().__init__(PP_OCR / "ch_PP-OCRv4_rec_infer.onnx", threads)
        self.alphabet = [*(PP_OCR / "ppocr_keys_v1.txt").read_text("utf-8").rstrip("\n").split("\n"), " "]

    def preprocess(self, crop):
        """Converts the crop to the model's input."""
        height, width = crop.shape[:2]
        proportional = math.ceil(width / height * LINE_HEIGHT / LINE_STEP) * LINE_STEP
        line = resize(crop, min(MAX_LINE_WIDTH, max(MIN_LINE_WIDTH, proportional)), LINE_HEIGHT)
        return cv2.dnn.blobFromImage(line, 1 / 127.5, mean=(127.5, 127.5, 127.5))


class PlateRecognizer(Recognizer):
    """plate-reader takes gray from 0 to 1, stretched to a fixed size; its metadata has the size and the alphabet."""

    def __init__(self, threads):
        super().__init__(MODELS / "plate-reader/model.onnx", threads)
        metadata = metadata_of(self.session)
        self.alphabet = metadata["alphabet"]
        self.size = ast.literal_eval(metadata["imgsz"])
        self.margin = ast.literal_eval(metadata.get("crop_margin", "[0, 0]"))

    def preprocess(self, crop):
        """Converts the crop to the model's input."""
        height, width = self.size
        gray = cv2.cvtColor(resize(crop, width, height), cv2.COLOR_BGR2GRAY)
        return gray[None, None].astype(np.float32) / 255


def open_recognizer(name, threads):
    """Opens one of RECOGNIZERS."""
    return LineRecognizer(threads) if name == "pp-ocrv4" else PlateRecognizer(threads)
