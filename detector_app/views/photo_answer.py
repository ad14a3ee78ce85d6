"""What the answer to a photo leads to: names that open cards, and reports, by the modules of /camera."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from PIL import Image

from detector_app.catalogue import City, PublishedModel
from detector_app.models.detection import Detection
from detector_app.models.inference import Detector
from detector_app.photos.photo import write_jpeg
from detector_app.views.browser_part import declare_part
from detector_app.web.report_route import MAX_REPORT_SIDE_PIXELS

_STYLES: Final = ("film.css", "sight_card.css", "in_streamlit.css", "photo_answer.css")
_HTML: Final = """
<section class="names"></section>
<p class="reports"></p>
<p class="notice" role="status"></p>
<dialog class="sight-card about"></dialog>
<dialog class="sight-card report"></dialog>
"""


@dataclass(frozen=True)
class Answer:
    """What was found in a photo of `width` x `height` pixels, in how many milliseconds.

    `annotated` is the photo with it drawn in, `plain` a small one without; both are JPEGs.
    """

    detections: tuple[Detection, ...]
    annotated: bytes
    plain: bytes
    width: int
    height: int
    milliseconds: float


def write_plain(photo: Image.Image) -> bytes:
    """Return a photo as small as it would be reported."""
    small = photo.copy()
    small.thumbnail((MAX_REPORT_SIDE_PIXELS, MAX_REPORT_SIDE_PIXELS), Image.Resampling.LANCZOS)
    return write_jpeg(small)


def show_photo_answer(
    language: str,
    city: City,
    model: PublishedModel,
    detector: Detector,
    answer: Answer,
    *,
    file_name: str,
    key: str,
) -> None:
    """Draw the names of a photo, and what can be said of them; `key` tells it from other photos."""
    data = describe_answer(language, city, model, detector, answer)
    _declare_answer()(key=f"answer_{key}", data=data | {"file_name": file_name, "photo": key})


def describe_answer(
    language: str, city: City, model: PublishedModel, detector: Detector, answer: Answer
) -> dict[str, Any]:
    """Return what the browser is told of an answer, by the model that gave it."""
    names = detector.names_in(language)
    number_of = {name: number for number, name in enumerate(detector.class_names)}
    return {
        "language": language,
        "city": city.slug,
        "model": model.onnx_sha256,
        "version": model.model_version,
        "width": answer.width,
        "height": answer.height,
        "sights": [
            {"class": number_of[name], "name": name, "names": {language: names[name]}}
            for name in dict.fromkeys(one.name for one in answer.detections)
        ],
        "found": [
            {
                "class": number_of[one.name],
                "confidence": one.confidence,
                "box": [one.x1, one.y1, one.x2, one.y2],
            }
            for one in answer.detections
        ],
        "picture": base64.b64encode(answer.plain).decode(),
    }


@cache
def _declare_answer() -> Callable[..., Any]:
    return declare_part("photo_answer", _HTML, _STYLES, "photo_answer.js")
