import numpy as np
import pytest

from detector_app.models.decoding import Found
from detector_app.models.detection import Detection, place_in_picture
from detector_app.models.letterbox import fit_letterbox


def place(box: list[float], width: int = 320, height: int = 320) -> tuple[Detection, ...]:
    found = Found(
        boxes=np.array([box]),
        scores=np.array([0.5]),
        confidences=np.array([0.8]),
        classes=np.array([1], dtype=np.intp),
    )
    return place_in_picture(
        found,
        fit_letterbox(width, height, image_size=320, stride=32),
        picture_width=width,
        picture_height=height,
        class_names=("Tower", "Palace"),
    )


def test_class_has_its_name_and_how_sure_is_the_confidence() -> None:
    (found,) = place([80, 90, 120, 150])
    assert found == Detection("Palace", 0.8, 80, 90, 120, 150)


def test_box_is_in_pixels_of_the_picture() -> None:
    # 640 x 400 becomes 320 x 200, with 12 pixels of padding above.
    (found,) = place([10, 22, 110, 62], width=640, height=400)
    assert (found.x1, found.y1, found.x2, found.y2) == pytest.approx((20, 20, 220, 100))


def test_boxes_are_cut_at_the_edges_of_the_picture() -> None:
    (found,) = place([-20, 280, 40, 340])
    assert (found.x1, found.y1, found.x2, found.y2) == (0, 280, 40, 320)


def test_box_in_the_padding_alone_is_no_sight() -> None:
    top = fit_letterbox(320, 100, image_size=320, stride=32).top
    assert top > 0
    assert place([90, 0, 110, top - 1], width=320, height=100) == ()
