"""Boxes and names of the first SightScan, rebuilt as the answer of Google Vision that they were.

Shares of width and height, y upwards from the lower edge. Its labelling service and its trainer did
not agree on which corner comes first; in one early version it stored Google's y as it came, running
downwards with the larger one first, which its trainer then turned upside down. A row cannot tell
which it is when the larger y comes first: `YAxis` says how these are read. Rows with the smaller y
first always run upwards.
"""

import io
import re
from collections.abc import Sequence
from typing import Any, Literal

from PIL import Image
from PIL.ExifTags import Base

from sightscan.label.landmarks import answer_of
from sightscan.takeover.source_database import FirstImage, FirstLabel
from sightscan.warehouse.photos.photos import PhotoFile

YAxis = Literal["up", "down"]
Point = tuple[float, float]

# Scores were thrown away; everything that came was trained on, so everything passes now.
SCORE = 1.0
UPRIGHT = 1


def rebuild_answer(image: FirstImage, file: PhotoFile, y_axis: YAxis) -> dict[str, Any]:
    """Return the answer in the form of the ledger; without landmarks if there were none."""
    width, height = file.width_pixels, file.height_pixels
    orientation = _orientation(image.content) if file.content != image.content else UPRIGHT
    annotations = [
        {
            "description": clean_name(label.box_label),
            "score": SCORE,
            "bounding_poly": {
                "vertices": [
                    {"x": round(x * width), "y": round(y * height)}
                    for x, y in _corners(label, y_axis, orientation)
                ]
            },
        }
        for label in image.labels or ()
    ]
    answer = answer_of(width, height, {"landmark_annotations": annotations} if annotations else {})
    return answer | {"taken_over": {"image": image.listed.key, "y_axis": y_axis}}


def clean_name(name: str | None) -> str:
    """Return a landmark's name without the backslashes and quotes of its escaping."""
    return " ".join(re.sub(r"\\(.)", r"\1", name or "").replace('"', "").split())


def corners_of(label: FirstLabel, y_axis: YAxis) -> tuple[Point, Point] | None:
    """Return two opposite corners as shares, y downwards; None if a coordinate is missing."""
    if label.ul_x is None or label.ul_y is None or label.lr_x is None or label.lr_y is None:
        return None
    is_as_google_says = y_axis == "down" and label.ul_y > label.lr_y
    ys = (label.lr_y, label.ul_y) if is_as_google_says else sorted((1 - label.ul_y, 1 - label.lr_y))
    xs = sorted((label.lr_x, label.ul_x))
    return (xs[0], ys[0]), (xs[1], ys[1])


def turn_point(point: Point, orientation: int) -> Point:
    """Return where a point of a photo is after it was turned upright (EXIF orientation 1 to 8)."""
    x, y = point
    return {
        2: (1 - x, y),
        3: (1 - x, 1 - y),
        4: (x, 1 - y),
        5: (y, x),
        6: (1 - y, x),
        7: (1 - y, 1 - x),
        8: (y, 1 - x),
    }.get(orientation, point)


def _corners(label: FirstLabel, y_axis: YAxis, orientation: int) -> Sequence[Point]:
    corners = corners_of(label, y_axis)
    return () if corners is None else [turn_point(corner, orientation) for corner in corners]


def _orientation(content: bytes) -> int:
    with Image.open(io.BytesIO(content)) as image:
        return int(image.getexif().get(Base.Orientation, UPRIGHT))
