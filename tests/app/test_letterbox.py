import numpy as np
import pytest

from detector_app.models.letterbox import apply_letterbox, fit_letterbox

SHAPES = [(640, 480), (480, 640), (1, 1), (17, 2000), (3000, 31), (416, 416), (101, 99)]


@pytest.mark.parametrize(("width", "height"), SHAPES)
@pytest.mark.parametrize("image_size", [64, 224, 640])
def test_box_mapped_in_and_out_is_the_same(width: int, height: int, image_size: int) -> None:
    letterbox = fit_letterbox(width, height, image_size, stride=32)
    corners = np.random.default_rng(7).random((50, 4), dtype=np.float32)
    boxes = corners * np.array([width, height, width, height], dtype=np.float32)
    padding = np.array([letterbox.left, letterbox.top] * 2, dtype=np.float32)
    again = letterbox.to_picture(boxes * letterbox.scale + padding)
    assert again == pytest.approx(boxes, abs=1e-3 * max(width, height))


@pytest.mark.parametrize(("width", "height"), SHAPES)
def test_picture_fills_the_longer_side_and_input_is_in_strides(width: int, height: int) -> None:
    letterbox = fit_letterbox(width, height, image_size=224, stride=32)
    assert max(letterbox.width, letterbox.height) == 224
    assert letterbox.width % 32 == letterbox.height % 32 == 0


def test_picture_is_scaled_alike_in_both_directions() -> None:
    # A square in the middle of a wide picture stays a square.
    pixels = np.zeros((300, 900, 3), dtype=np.uint8)
    pixels[100:200, 400:500] = 255
    letterbox = fit_letterbox(900, 300, image_size=288, stride=32)
    white = apply_letterbox(pixels, letterbox)[0, 0] > 0.9
    rows, columns = np.flatnonzero(white.any(axis=1)), np.flatnonzero(white.any(axis=0))
    assert abs(len(rows) - len(columns)) <= 1


def test_padding_is_the_grey_of_training() -> None:
    letterbox = fit_letterbox(100, 50, image_size=96, stride=32)
    images = apply_letterbox(np.zeros((50, 100, 3), dtype=np.uint8), letterbox)
    assert images.shape == (1, 3, 64, 96)
    assert images[0, :, 0, 0] == pytest.approx(114 / 255)


def test_channels_stay_red_green_blue() -> None:
    pixels = np.zeros((32, 32, 3), dtype=np.uint8)
    pixels[:, :, 0] = 255
    images = apply_letterbox(pixels, fit_letterbox(32, 32, image_size=32, stride=32))
    assert images[0, :, 16, 16] == pytest.approx([1, 0, 0])
