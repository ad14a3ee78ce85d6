from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from detector_app.decoding import Detection
from detector_app.fonts import can_write, split_by_font
from detector_app.overlay import PALETTE, choose_colours, draw_detections, write_name

NAME = "Torre do Relógio"
COLOURS = {NAME: "#ffb000"}


def a_sight(x1: float, y1: float, x2: float, y2: float, name: str = NAME) -> Detection:
    return Detection(name, 0.87, x1, y1, x2, y2)


@pytest.mark.parametrize("size", [(640, 480), (480, 640), (16, 16), (4000, 300), (33, 2000)])
def test_picture_keeps_its_size(size: tuple[int, int]) -> None:
    width, height = size
    drawn = draw_detections(Image.new("RGB", size), [a_sight(0, 0, width, height)], COLOURS)
    assert drawn.size == size


def test_picture_given_is_not_changed() -> None:
    picture = Image.new("RGB", (320, 240), "white")
    draw_detections(picture, [a_sight(50, 60, 200, 200)], COLOURS)
    assert np.asarray(picture).min() == 255


def test_what_is_away_from_box_and_name_is_untouched() -> None:
    noise = np.random.default_rng(5).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    drawn = np.asarray(
        draw_detections(Image.fromarray(noise), [a_sight(300, 300, 500, 450)], COLOURS)
    )
    assert (drawn[:200] == noise[:200]).all()
    assert (drawn[320:360, 310:380] == noise[320:360, 310:380]).all()
    assert (drawn != noise).any()


def test_box_and_dot_have_the_colour_of_the_sight() -> None:
    picture = Image.new("RGB", (640, 480), "white")
    drawn = draw_detections(picture, [a_sight(100, 200, 300, 400)], COLOURS)
    assert drawn.getpixel((200, 300)) == (255, 176, 0)
    assert drawn.getpixel((102, 300)) == (255, 176, 0)


@pytest.mark.parametrize(
    "corners",
    [(-50, -50, 5, 5), (639, 479, 640, 480), (10, 10, 10.2, 10.2), (0, 0, 640, 480)],
    ids=["outside", "corner", "a point", "all of it"],
)
def test_odd_boxes_are_drawn_without_complaint(corners: tuple[float, ...]) -> None:
    draw_detections(Image.new("RGB", (640, 480)), [a_sight(*corners)], COLOURS)


def test_very_long_name_stays_inside_the_picture() -> None:
    long = a_sight(10, 100, 90, 150, name="Church of Saint " * 20)
    drawn = np.asarray(draw_detections(Image.new("RGB", (200, 200), "white"), [long], {}))
    assert (drawn[:, 0] == 255).any()
    assert drawn.shape == (200, 200, 3)


@pytest.mark.parametrize(
    "name", [NAME, "Málaga", "Łódź Čapek", "Ακρόπολη", "Кремль", "Chùa Một Cột", "Þingvellir"]
)
def test_accents_greek_and_cyrillic_can_be_written(name: str) -> None:
    assert can_write(name)


def test_every_character_of_a_name_is_in_one_run() -> None:
    runs = split_by_font("Torre 東京 Tower", 20)
    assert "".join(run for run, _ in runs) == "Torre 東京 Tower"


def test_name_that_no_font_can_write_becomes_its_number() -> None:
    # A private-use character is in no font of the machine.
    assert write_name(2, "\U000f1234") == "No. 2"
    assert write_name(2, NAME) == NAME


def test_first_sights_of_a_model_have_colours_of_their_own() -> None:
    names = [f"sight {number}" for number in range(len(PALETTE))]
    assert len(set(choose_colours(names).values())) == len(PALETTE)
