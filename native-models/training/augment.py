"""Image augmentation: crop and scale, exposure, blur, noise, JPEG artifacts, and letterbox bars."""

import cv2
import numpy as np

RESAMPLERS = (cv2.INTER_LINEAR, cv2.INTER_LINEAR, cv2.INTER_AREA, cv2.INTER_CUBIC)
LETTERBOX_GRAY = 114
# A crop keeps a plate if at least this share of it stays visible and it is at least this many pixels large.
MIN_VISIBLE, MIN_WIDTH, MIN_HEIGHT = 0.55, 7.0, 2.5
# How much scenes are scaled for a crop, at least and at most.
SCALES = (0.6, 1.4)


def clip_boxes(boxes, x0, y0, x1, y1):
    """Clip corner boxes to a window and drop those that are mostly cut off."""
    if not len(boxes):
        return boxes
    clipped = np.clip(boxes, (x0, y0, x0, y0), (x1, y1, x1, y1))
    area = np.prod(clipped[:, 2:] - clipped[:, :2], axis=1)
    kept = area >= MIN_VISIBLE * np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    size = clipped[:, 2:] - clipped[:, :2]
    return clipped[kept & (size[:, 0] >= MIN_WIDTH) & (size[:, 1] >= MIN_HEIGHT)]


def crop(rng, image, boxes, height, width, scales=SCALES):
    """Scale the scene randomly and cut a window. A window larger than the scene is filled with letterbox gray later."""
    scale = np.exp(rng.uniform(*np.log(scales)))
    stretch = np.exp(rng.normal(0, 0.06))
    size = int(image.shape[1] * scale * stretch), int(image.shape[0] * scale / stretch)
    resampler = RESAMPLERS[rng.integers(len(RESAMPLERS))]
    boxes = boxes * np.tile((size[0] / image.shape[1], size[1] / image.shape[0]), 2)
    image = cv2.resize(image, size, interpolation=resampler)
    if rng.random() < 0.5:
        image = image[:, ::-1]
        boxes = np.stack((size[0] - boxes[:, 2], boxes[:, 1], size[0] - boxes[:, 0], boxes[:, 3]), axis=1)
    room_x, room_y = size[0] - width, size[1] - height
    x = rng.integers(0, room_x + 1) if room_x > 0 else 0
    y = rng.integers(0, room_y + 1) if room_y > 0 else 0
    window = image[y : y + height, x : x + width]
    boxes = clip_boxes(boxes - np.tile((x, y), 2), 0, 0, window.shape[1], window.shape[0])
    return np.ascontiguousarray(window), boxes


def _expose(rng, image):
    """Vary contrast, brightness, gamma, white balance, and saturation; occasionally simulate night or overexposure."""
    image = image.astype(np.float32)
    kind = rng.random()
    if kind < 0.12:
        image *= rng.uniform(0.12, 0.5)
    elif kind < 0.2:
        image = 255 * (image / 255) ** rng.uniform(0.3, 0.6)
    mean = image.mean()
    image = (image - mean) * rng.uniform(0.55, 1.35) + mean * rng.uniform(0.7, 1.25)
    if rng.random() < 0.3:
        image = image * rng.uniform(0.85, 1.15, 3).astype(np.float32)
    if rng.random() < 0.4:
        gray = image @ np.array((0.3, 0.59, 0.11), np.float32)
        image += (gray[..., None] - image) * np.float32(1.0 if rng.random() < 0.6 else rng.uniform(0.2, 0.9))
    if rng.random() < 0.1:
        image += rng.uniform(10, 80)
    return image


def _blur(rng, image):
    """Apply focus blur, motion blur, down-and-up resampling, or sharpening."""
    kind = rng.random()
    if kind < 0.25:
        return cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.6))
    if kind < 0.33:
        length = int(rng.integers(3, 8))
        kernel = np.zeros((length, length), np.float32)
        angle = rng.uniform(0, np.pi)
        reach = (length - 1) / 2 * np.array((np.cos(angle), np.sin(angle)))
        ends = [tuple(int(round(v)) for v in (length - 1) / 2 + sign * reach) for sign in (-1, 1)]
        cv2.line(kernel, *ends, 1.0)
        return cv2.filter2D(image, -1, kernel / kernel.sum())
    if kind < 0.45:
        factor = rng.uniform(0.4, 0.9)
        small = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        return cv2.resize(small, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    if kind < 0.6:
        soft = cv2.GaussianBlur(image, (0, 0), 1.0)
        return image + (image - soft) * rng.uniform(0.3, 1.5)
    return image


def _bars(rng, image, boxes, height, width):
    """Place the window on the letterbox canvas, sometimes with bars that cover part of it."""
    canvas = np.full((height, width, 3), LETTERBOX_GRAY, np.uint8)
    tall, wide = image.shape[:2]
    x, y = (width - wide) // 2, (height - tall) // 2
    canvas[y : y + tall, x : x + wide] = image
    boxes = boxes + np.tile((x, y), 2)
    x0, y0, x1, y1 = x, y, x + wide, y + tall
    if rng.random() < 0.2:
        if rng.random() < 0.5:
            y0 = max(y0, int(rng.integers(0, height // 3)))
            y1 = min(y1, height - int(rng.integers(0, height // 3)))
        else:
            x0 = max(x0, int(rng.integers(0, width // 3)))
            x1 = min(x1, width - int(rng.integers(0, width // 3)))
        canvas[:y0] = canvas[y1:] = LETTERBOX_GRAY
        canvas[:, :x0] = canvas[:, x1:] = LETTERBOX_GRAY
    return canvas, clip_boxes(boxes, x0, y0, x1, y1)


def augment(rng, image, boxes, height, width, scales=SCALES):
    """Turn a clean scene into a uint8 RGB training image of the given size, and return it with its boxes."""
    image, boxes = crop(rng, image, boxes, height, width, scales)
    image = _blur(rng, _expose(rng, image))
    if rng.random() < 0.5:
        grain = rng.standard_normal(image.shape[:2], dtype=np.float32)
        image += (grain * rng.uniform(1, 12))[..., None]
    image = np.clip(image, 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 95))]
        image = cv2.imdecode(cv2.imencode(".jpg", image, quality)[1], cv2.IMREAD_COLOR)
    return _bars(rng, image, boxes, height, width)
