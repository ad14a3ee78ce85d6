"""Training photos changed at random, so that a few hundred serve as many.

All chance comes from the generator passed in, never from global state: a sample is a function of
(seed, epoch, place), the same in any process, and a resumed training sees exactly what an
uninterrupted one would have seen.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.photos import PADDING_GREY, Boxes, PhotoStore, Pixels
from trainer.recipe import Recipe

# A box that lost more than this share of its area, or is thinner than this, no longer shows its
# sight. As YOLOv5's box_candidates().
_MIN_VISIBLE_SHARE = 0.1
_MIN_SIDE_PIXELS = 2.0
_MAX_ASPECT_RATIO = 100.0


def augmented_sample(
    store: PhotoStore,
    index: int,
    recipe: Recipe,
    chance: np.random.Generator,
    *,
    allow_mosaic: bool,
) -> tuple[Pixels, Boxes]:
    """Return a changed photo, (size, size, 3) RGB, and its boxes (n, 5): class, x1, y1, x2, y2 in pixels."""
    if allow_mosaic and chance.random() < recipe.mosaic:
        canvas, boxes = _mosaic(store, index, chance)
    else:
        canvas, boxes, _ = store.letterboxed(index)
    may_flip = store.asymmetric.isdisjoint(boxes[:, 0].astype(int).tolist())
    pixels, boxes = _warp(canvas, boxes, store.image_size, recipe, chance)
    pixels = _shift_colours(pixels, recipe, chance)
    if chance.random() < recipe.flip_left_right and may_flip:
        pixels = np.ascontiguousarray(pixels[:, ::-1])
        boxes[:, [1, 3]] = store.image_size - boxes[:, [3, 1]]
    return pixels, boxes


def _mosaic(store: PhotoStore, index: int, chance: np.random.Generator) -> tuple[Pixels, Boxes]:
    """Lay four photos around a random point of a canvas of twice the size; boxes are cut at the canvas."""
    size = store.image_size
    canvas = np.full((2 * size, 2 * size, 3), PADDING_GREY, dtype=np.uint8)
    center_x, center_y = (int(value) for value in chance.uniform(0.5 * size, 1.5 * size, 2))
    members = [index, *(int(other) for other in chance.integers(len(store), size=3))]
    chance.shuffle(members)
    all_boxes = []
    for quarter, member in enumerate(members):
        pixels, boxes = store.pixels(member), store.boxes(member)
        height, width = pixels.shape[:2]
        left = center_x - width if quarter % 2 == 0 else center_x
        top = center_y - height if quarter < 2 else center_y
        x1, y1 = max(left, 0), max(top, 0)
        x2, y2 = min(left + width, 2 * size), min(top + height, 2 * size)
        canvas[y1:y2, x1:x2] = pixels[y1 - top : y2 - top, x1 - left : x2 - left]
        boxes[:, 1:] = boxes[:, 1:] * (width, height, width, height) + (left, top, left, top)
        cut = boxes.copy()
        cut[:, 1:] = cut[:, 1:].clip(0, 2 * size)
        all_boxes.append(cut[_still_visible(boxes[:, 1:], cut[:, 1:])])
    return canvas, np.concatenate(all_boxes)


def _warp(
    canvas: Pixels, boxes: Boxes, size: int, recipe: Recipe, chance: np.random.Generator
) -> tuple[Pixels, Boxes]:
    """Rotate, scale and move the canvas, and cut `size` x `size` pixels out of its middle."""
    scale = chance.uniform(1 - recipe.scale, 1 + recipe.scale)
    angle = math.radians(chance.uniform(-recipe.rotation_degrees, recipe.rotation_degrees))
    shift_x, shift_y = chance.uniform(0.5 - recipe.translate, 0.5 + recipe.translate, 2) * size
    cosine, sine = scale * math.cos(angle), scale * math.sin(angle)
    middle = canvas.shape[0] / 2
    matrix = np.array(
        [
            [cosine, sine, shift_x - (cosine + sine) * middle],
            [-sine, cosine, shift_y - (cosine - sine) * middle],
        ]
    )
    warped = cv2.warpAffine(canvas, matrix, (size, size), borderValue=(PADDING_GREY,) * 3)
    x1, y1, x2, y2 = boxes[:, 1:].T
    corners = np.stack([np.stack([x1, x2, x2, x1]), np.stack([y1, y1, y2, y2])])  # (2, 4, n)
    moved = np.einsum("ij,jkn->ikn", matrix[:, :2], corners) + matrix[:, 2].reshape(2, 1, 1)
    whole = np.concatenate([moved.min(axis=1), moved.max(axis=1)]).T  # (n, 4)
    cut = whole.clip(0, size)
    visible = _still_visible(whole, cut)
    result = np.concatenate([boxes[visible, :1], cut[visible]], axis=1).astype(np.float32)
    return np.asarray(warped, dtype=np.uint8), result


def _still_visible(whole: NDArray[np.floating], cut: NDArray[np.floating]) -> NDArray[np.bool_]:
    width, height = cut[:, 2] - cut[:, 0], cut[:, 3] - cut[:, 1]
    area = (whole[:, 2] - whole[:, 0]) * (whole[:, 3] - whole[:, 1])
    aspect = np.maximum(width / (height + 1e-9), height / (width + 1e-9))
    visible: NDArray[np.bool_] = (
        (np.minimum(width, height) > _MIN_SIDE_PIXELS)
        & (width * height > _MIN_VISIBLE_SHARE * area)
        & (aspect < _MAX_ASPECT_RATIO)
    )
    return visible


def _shift_colours(pixels: Pixels, recipe: Recipe, chance: np.random.Generator) -> Pixels:
    """Change hue, saturation and brightness by random factors, as another hour or camera would."""
    gains = chance.uniform(-1, 1, 3) * (recipe.hue, recipe.saturation, recipe.brightness) + 1
    levels = np.arange(256)
    tables = (
        (levels * gains[0] % 180).astype(np.uint8),  # OpenCV counts hue from 0 to 179
        (levels * gains[1]).clip(0, 255).astype(np.uint8),
        (levels * gains[2]).clip(0, 255).astype(np.uint8),
    )
    channels = cv2.split(cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV))
    shifted = cv2.merge(
        [cv2.LUT(channel, table) for channel, table in zip(channels, tables, strict=True)]
    )
    return np.asarray(cv2.cvtColor(shifted, cv2.COLOR_HSV2RGB), dtype=np.uint8)
