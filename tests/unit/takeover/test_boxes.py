"""Boxes of the first SightScan become those of Google Vision again."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from sightscan.label.landmarks import landmarks_of
from sightscan.takeover.boxes import (
    YAxis,
    clean_name,
    corners_of,
    rebuild_answer,
    turn_point,
)
from sightscan.takeover.source_database import FirstImage, FirstLabel, ListedImage
from sightscan.warehouse.photos.photos import PhotoFile

shares = st.floats(0, 1)


@pytest.mark.parametrize(
    ("stored", "y_axis", "edges"),
    [
        pytest.param((0.1, 0.9, 0.5, 0.2), "up", (0.1, 0.1, 0.5, 0.8), id="upwards"),
        pytest.param((0.1, 0.9, 0.5, 0.2), "down", (0.1, 0.2, 0.5, 0.9), id="as Google says"),
        pytest.param((0.1, 0.2, 0.5, 0.9), "up", (0.1, 0.1, 0.5, 0.8), id="lower corner first"),
        pytest.param((0.1, 0.2, 0.5, 0.9), "down", (0.1, 0.1, 0.5, 0.8), id="never as Google says"),
        pytest.param((0.0, 1.0, 0.5, 0.5), "up", (0.0, 0.0, 0.5, 0.5), id="at two edges"),
        pytest.param((-0.2, 1.2, 1.5, 0.5), "up", (0.0, 0.0, 1.0, 0.5), id="clipped"),
        pytest.param((0.5, 0.2, 0.1, 0.9), "up", (0.1, 0.1, 0.5, 0.8), id="left and right swapped"),
        pytest.param((None, 0.9, 0.5, 0.2), "up", (0.0, 0.0, 0.0, 0.0), id="a zero left out"),
    ],
)
def test_box_is_relative_and_runs_down(
    stored: tuple[float, ...], y_axis: YAxis, edges: tuple[float, ...]
) -> None:
    answer = rebuild_answer(_image(FirstLabel(*stored, "Gate")), _file(b"x"), y_axis)
    (landmark,) = landmarks_of(answer)
    box = landmark.box
    assert (box.x1, box.y1, box.x2, box.y2) == pytest.approx(edges)


@pytest.mark.parametrize(
    ("stored", "name"),
    [
        (r"Brandenburger\ Tor", "Brandenburger Tor"),
        ('"Museum Island, Berlin"', "Museum Island, Berlin"),
        ("Siegessäule", "Siegessäule"),
        (None, ""),
    ],
)
def test_name_loses_its_escaping(stored: str | None, name: str) -> None:
    assert clean_name(stored) == name


@given(x1=shares, y1=shares, x2=shares, y2=shares, y_axis=st.sampled_from(["up", "down"]))
def test_corners_are_in_order(x1: float, y1: float, x2: float, y2: float, y_axis: YAxis) -> None:
    corners = corners_of(FirstLabel(x1, y1, x2, y2, "Gate"), y_axis)
    assert corners is not None
    (left, top), (right, bottom) = corners
    assert left <= right
    assert top <= bottom


@pytest.mark.parametrize("orientation", range(1, 9))
def test_point_turns_with_its_photo(orientation: int) -> None:
    picture = Image.new("L", (40, 20))
    picture.putpixel((5, 3), 255)
    exif = Image.Exif()
    exif[0x0112] = orientation
    stream = io.BytesIO()
    picture.save(stream, "PNG", exif=exif)
    upright = ImageOps.exif_transpose(Image.open(stream))
    x, y = turn_point((5.5 / 40, 3.5 / 20), orientation)
    assert upright.getpixel((int(x * upright.width), int(y * upright.height))) == 255


def test_answer_without_landmarks_is_an_answer() -> None:
    assert landmarks_of(rebuild_answer(_image(), _file(b"x"), "up")) == ()


def _image(*labels: FirstLabel) -> FirstImage:
    listed = ListedImage(
        is_left_behind=False,
        image_id=1,
        source="https://example.org/1.jpg",
        byte_count=1,
        is_labelled=True,
    )
    return FirstImage(listed, b"x", labels, None)


def _file(content: bytes) -> PhotoFile:
    return PhotoFile(bytes(32), content, 1000, 500, "image/jpeg", bytes(32))
