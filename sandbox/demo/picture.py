"""One test photo with what the published model sees on it, and whom the photo is by."""

import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psycopg
from PIL import Image, ImageDraw, ImageFont

from sandbox.demo.report import PublishedModel, read_test_photos
from sightscan.publish.detector import OnnxDetector
from sightscan.warehouse.statements import statement

# Small photos are shown larger, so that names are readable beside the sights.
MIN_WIDTH = 960
# OpenCV's wheel carries DejaVu Sans, which can write accents; Pillow's own font cannot.
FONT_FILE = Path(cv2.__file__).parent / "qt" / "fonts" / "DejaVuSans.ttf"
FONT_SIZE = 20
INK, SHADE = (255, 221, 87), (20, 24, 33)
CAPTION_HEIGHT = 36


def draw_detections(
    connection: psycopg.Connection[Any], model: PublishedModel, path: Path
) -> Path | None:
    """Draw the test photo whose best detection is the surest; None if nothing is seen on any."""
    detector = OnnxDetector(model.onnx)
    best = None
    for photo, content in read_test_photos(connection, model):
        rgb = Image.open(io.BytesIO(content)).convert("RGB")
        found = detector.show(np.asarray(rgb))
        score = max(found.scores, default=0.0)
        if score > (best[0] if best else 0.0):
            best = (score, photo, rgb, found)
    if best is None:
        return None
    _, photo, rgb, found = best
    if rgb.width < MIN_WIDTH:
        height = round(rgb.height * MIN_WIDTH / rgb.width)
        rgb = rgb.resize((MIN_WIDTH, height), Image.Resampling.LANCZOS)
    canvas = Image.new("RGB", (rgb.width, rgb.height + CAPTION_HEIGHT), SHADE)
    canvas.paste(rgb)
    draw = ImageDraw.Draw(canvas)
    font = ImageFont.truetype(str(FONT_FILE), FONT_SIZE)
    for box, score, number in zip(found.boxes, found.scores, found.classes, strict=True):
        corners = tuple(box * (rgb.width, rgb.height, rgb.width, rgb.height))
        draw.rectangle(corners, outline=INK, width=4)
        text = f"{detector.class_names[number]} {score:.0%}"
        place = (corners[0] + 4, max(corners[1] + 4, 0))
        draw.rectangle(draw.textbbox(place, text, font=font), fill=SHADE)
        draw.text(place, text, fill=INK, font=font)
    draw.text(
        (10, rgb.height + 6), _credit(connection, photo.sha256), fill=(220, 220, 220), font=font
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    canvas.save(path)
    return path


def _credit(connection: psycopg.Connection[Any], sha256: bytes) -> str:
    """Say whose photo it is: attribution stays with any picture that is shown."""
    row = connection.execute(statement("demo/find_photo_credit"), {"sha256": sha256}).fetchone()
    if row is None:
        return ""
    author, licence, source = row
    return f"{author or 'author unknown'}, {licence}, {source.replace('_', ' ')}"
