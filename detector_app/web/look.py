"""Look at one photo for a browser that cannot do it itself: `POST /api/detect?model=<sha256>`."""

from typing import Any

import numpy as np

from detector_app.budget import PHOTO_BUDGET
from detector_app.models.inference import Detector
from detector_app.photos.photo import read_photo

# What a browser takes of a film, or a photo of a phone.
PHOTO_TYPES = ("image/jpeg", "image/png")


def look_at(content: bytes, detector: Detector) -> dict[str, Any]:
    """Return what is seen, boxes in the pixels of a picture of `width` x `height`.

    That is the photo upright, and smaller if it was large. Raises `PhotoRefused`, `ServerBusy` or
    `DetectionFailed`.
    """
    photo = read_photo(content, "The photo")
    with PHOTO_BUDGET.hold(detector.memory_bytes):
        detections = detector.detect(np.asarray(photo))
    return {
        "width": photo.width,
        "height": photo.height,
        "found": [
            {
                "sight": detector.class_names.index(one.name),
                "name": one.name,
                "confidence": one.confidence,
                "score": one.score,
                "box": [one.x1, one.y1, one.x2, one.y2],
            }
            for one in detections
        ],
    }
