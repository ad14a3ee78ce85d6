"""Measure what a detector that sees only colour would reach on a world.

It answers the mean box of the training photos, and the class whose mean colour is nearest. A world
on which that scores well could be solved without looking at a single shape.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sandbox.world.upright import upright
from sandbox.world.world import WorldPhoto
from trainer.metrics import PhotoResult, measure

Floats = NDArray[np.float64]


def nearest_colour_baseline(train: Sequence[WorldPhoto], test: Sequence[WorldPhoto]) -> float:
    """Give the baseline's mAP50 on the test photos, 0 to 1.

    Colour is the mean RGB of the whole photo, or that within the mean box; the better of the two
    counts. Test photos may be of no sight: what it answers for them is wrong. Raises `ValueError` if
    no photo of either set shows a sight.
    """
    train_count, test_count = (sum(bool(one.boxes) for one in photos) for photos in (train, test))
    if not train_count or not test_count:
        msg = (
            f"got {train_count} training and {test_count} test photos of sights, "
            "expected some of each"
        )
        raise ValueError(msg)
    train = [photo for photo in train if photo.boxes]
    box = _mean_box(train)
    whole = np.array([0.0, 0.0, 1.0, 1.0])
    return max(_evaluate(train, test, box, region) for region in (whole, box))


def _mean_box(photos: Sequence[WorldPhoto]) -> Floats:
    """Give the mean of all boxes (4,): x1, y1, x2, y2 relative to the photo."""
    boxes = [
        (box.x1 / photo.width, box.y1 / photo.height, box.x2 / photo.width, box.y2 / photo.height)
        for photo in photos
        for box in photo.boxes
    ]
    return np.asarray(np.mean(boxes, axis=0))


def _evaluate(
    train: Sequence[WorldPhoto], test: Sequence[WorldPhoto], box: Floats, region: Floats
) -> float:
    sights = sorted({box.sight for photo in (*train, *test) for box in photo.boxes})
    colours = [_mean_colour(photo, region) for photo in train]
    centres = {
        sight: np.mean(
            [c for c, p in zip(colours, train, strict=True) if p.boxes[0].sight == sight], axis=0
        )
        for sight in sorted({photo.boxes[0].sight for photo in train})
    }
    results = []
    for photo in test:
        colour = _mean_colour(photo, region)
        distances = {s: float(np.linalg.norm(colour - centre)) for s, centre in centres.items()}
        sight = min(distances, key=distances.__getitem__)
        scale = (photo.width, photo.height, photo.width, photo.height)
        answer = [*(box * scale), 1 / (1 + distances[sight]), sights.index(sight)]
        truths = [(sights.index(one.sight), one.x1, one.y1, one.x2, one.y2) for one in photo.boxes]
        results.append(
            PhotoResult(detections=np.array([answer]), truths=np.array(truths).reshape(-1, 5))
        )
    return measure(results, sights).map50


def _mean_colour(photo: WorldPhoto, region: Floats) -> Floats:
    """Give the mean RGB (3,) of a region (4,) of the photo, in 0..255."""
    with Image.open(photo.path) as image:
        # JPEG decoders can decode at an eighth of the size, which leaves the mean as it is.
        image.draft("RGB", (photo.width // 8, photo.height // 8))
        pixels = np.asarray(upright(image).convert("RGB"), dtype=np.float64)
    height, width = pixels.shape[:2]
    x1, y1, x2, y2 = (region * (width, height, width, height)).round().astype(int).tolist()
    return np.asarray(pixels[y1 : max(y2, y1 + 1), x1 : max(x2, x1 + 1)].mean(axis=(0, 1)))
