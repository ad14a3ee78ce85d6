"""What was found, by name and in the pixels of the picture."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from detector_app.models.decoding import Found
from detector_app.models.letterbox import Letterbox


@dataclass(frozen=True)
class Detection:
    """A sight that was found: its name, how sure the model is (0..1), its box in pixels.

    `score` is what the model itself said (0..1), before it was calibrated.
    """

    name: str
    confidence: float
    x1: float
    y1: float
    x2: float
    y2: float
    score: float | None = field(default=None, compare=False)


def place_in_picture(
    found: Found,
    letterbox: Letterbox,
    *,
    picture_width: int,
    picture_height: int,
    class_names: Sequence[str],
) -> tuple[Detection, ...]:
    """Name what was found in the model's input, boxes cut at the edges of the picture; surest first."""
    boxes = letterbox.to_picture(found.boxes)
    boxes[:, 0::2] = boxes[:, 0::2].clip(0, picture_width)
    boxes[:, 1::2] = boxes[:, 1::2].clip(0, picture_height)
    # A box that lies in the padding alone is no place in the picture.
    inside = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    return tuple(
        Detection(class_names[number], confidence, x1, y1, x2, y2, score)
        for number, confidence, score, (x1, y1, x2, y2) in zip(
            found.classes[inside].tolist(),
            found.confidences[inside].tolist(),
            found.scores[inside].tolist(),
            boxes[inside].tolist(),
            strict=True,
        )
    )
