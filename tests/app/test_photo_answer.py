"""What the browser is told of a photo's answer: by the model that gave it, with the photo itself."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from conftest import GREEN, RED, draw_patches
from PIL import Image

from detector_app.catalogue import City
from detector_app.photos.photo import write_jpeg
from detector_app.views.photo_answer import Answer, describe_answer, write_plain

if TYPE_CHECKING:
    from detector_app.catalogue import PublishedModel
    from detector_app.models.inference import Detector


def look(detector: Detector, photo: Image.Image) -> Answer:
    found = detector.detect(np.asarray(photo))
    return Answer(found, write_jpeg(photo), write_plain(photo), *photo.size, milliseconds=1.0)


def test_answer_is_told_by_the_model_that_gave_it(
    detector: Detector, model: PublishedModel
) -> None:
    detector = replace(detector, names={"Green Gate": {"de": "Grünes Tor"}})
    city = City("malaga", "Málaga", "Spain", "published", 5, 400, 350, model)
    photo = draw_patches((640, 480), {RED: (60, 120, 220, 420), GREEN: (340, 80, 560, 300)})
    answer = look(detector, photo)
    told = describe_answer("de", city, model, detector, answer)
    assert (told["city"], told["version"], told["model"]) == ("malaga", 3, model.onnx_sha256)
    assert (told["width"], told["height"]) == (640, 480)
    assert sorted((one["class"], one["name"], one["names"]["de"]) for one in told["sights"]) == [
        (0, "Torre do Relógio", "Torre do Relógio"),
        (1, "Green Gate", "Grünes Tor"),
    ]
    assert [(one["class"], one["confidence"], one["box"]) for one in told["found"]] == [
        (detector.class_names.index(one.name), one.confidence, [one.x1, one.y1, one.x2, one.y2])
        for one in answer.detections
    ]
    with Image.open(io.BytesIO(base64.b64decode(told["picture"]))) as picture:
        assert (picture.format, picture.size) == ("JPEG", (640, 480))


def test_photo_goes_as_small_as_a_report_takes_it(
    detector: Detector,
) -> None:
    photo = draw_patches((2560, 1920), {RED: (240, 480, 880, 1680)})
    answer = look(detector, photo)
    assert answer.detections
    assert len(answer.plain) < 4_000_000
    with Image.open(io.BytesIO(answer.plain)) as plain:
        assert plain.size == (1280, 960)
    assert photo.size == (2560, 1920)
