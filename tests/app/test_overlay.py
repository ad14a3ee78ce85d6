import numpy as np
import pytest
from PIL import Image

from detector_app.models.detection import Detection
from detector_app.photos.fonts import can_write, split_by_font
from detector_app.photos.overlay import choose_colours, draw_detections, write_name
from tests.nasty_names import NASTY_NAMES

NAME = "Torre do Relógio"
COLOURS = {NAME: "#ffb000", "Green Gate": "#3fd0c9"}
AMBER, TEAL, DARK, WHITE, GREY = (
    *((255, 176, 0), (63, 208, 201), (16, 19, 26)),
    *((255, 255, 255), (128, 128, 128)),
)


def a_sight(x1: float, y1: float, x2: float, y2: float, name: str = NAME) -> Detection:
    return Detection(name, 0.87, x1, y1, x2, y2)


@pytest.mark.parametrize("name", [*NASTY_NAMES, ""], ids=ascii)
def test_any_name_is_drawn_on_one_line(name: str) -> None:
    drawn = draw_detections(Image.new("RGB", (640, 480)), [a_sight(9, 99, 200, 200, name)], {})
    assert drawn.size == (640, 480)
    assert "\n" not in write_name(1, name)


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


def draw_on_grey(*sights: Detection, size: tuple[int, int] = (640, 480)) -> Image.Image:
    return draw_detections(Image.new("RGB", size, GREY), sights, COLOURS)


def test_box_has_the_colour_of_the_sight_and_a_dark_rim() -> None:
    drawn = draw_on_grey(a_sight(100, 200, 300, 400))
    edge = [drawn.getpixel((x, 300)) for x in range(99, 106)]
    assert edge == [GREY, DARK, AMBER, AMBER, DARK, GREY, GREY]


def test_dot_on_the_sight_has_its_colour_within_white_within_dark() -> None:
    drawn = draw_on_grey(a_sight(100, 200, 300, 400))
    assert [drawn.getpixel((x, 300)) for x in (200, 204, 206, 209)] == [AMBER, WHITE, DARK, GREY]


def test_plate_with_the_name_stands_on_the_box() -> None:
    pixels = np.asarray(draw_on_grey(a_sight(100, 200, 300, 400)))
    # A letter is a 24th of 480 pixels high, and the plate 1.45 of that.
    assert [tuple(pixels[y, 104]) for y in (170, 175, 195)] == [GREY, AMBER, AMBER]
    assert (pixels[175:196, 106:220] == DARK).all(axis=2).mean() > 0.05


def test_plate_of_a_box_at_the_upper_edge_is_inside_the_picture() -> None:
    drawn = draw_on_grey(a_sight(100, 0, 300, 400))
    assert [drawn.getpixel((106, y)) for y in (8, 25)] == [AMBER, AMBER]


def test_plates_of_boxes_in_one_place_stand_below_one_another() -> None:
    drawn = draw_on_grey(a_sight(100, 200, 300, 400), a_sight(100, 200, 300, 400, "Green Gate"))
    assert [drawn.getpixel((106, y)) for y in (176, 206)] == [AMBER, TEAL]


def test_surest_box_lies_on_top() -> None:
    drawn = draw_on_grey(a_sight(100, 200, 300, 400), a_sight(100, 200, 300, 400, "Green Gate"))
    assert (drawn.getpixel((101, 300)), drawn.getpixel((200, 300))) == (AMBER, AMBER)


def test_sight_without_a_colour_gets_the_first() -> None:
    drawn = draw_on_grey(a_sight(100, 200, 300, 400, "Unknown"))
    assert drawn.getpixel((101, 300)) == AMBER


@pytest.mark.parametrize(
    "corners",
    [(-50, -50, 5, 5), (639, 479, 640, 480), (10, 10, 10.2, 10.2), (0, 0, 640, 480)],
    ids=["outside", "corner", "a point", "all of it"],
)
def test_odd_boxes_are_drawn_without_complaint(corners: tuple[float, ...]) -> None:
    pixels = np.asarray(draw_on_grey(a_sight(*corners)))
    # At least the plate with the name is seen.
    assert (pixels == AMBER).all(axis=2).sum() > 1_000


def test_very_long_name_stays_inside_the_picture() -> None:
    long = a_sight(10, 100, 90, 150, name="Church of Saint " * 20)
    pixels = np.asarray(draw_on_grey(long, size=(200, 200)))
    # The text is cut, so that its plate has an empty margin at its right end.
    assert (pixels[86:94, 50:150] == DARK).all(axis=2).any()
    assert (pixels[86:94, 196:199] == AMBER).all()


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
    names = [f"sight {number}" for number in range(10)]
    assert len(set(choose_colours(names).values())) == 10
