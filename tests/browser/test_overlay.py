"""overlay.js: what is drawn is in the picture, apart, and readable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow

# Draws on a white or a black canvas, and returns which pixels of some places changed.
DRAW = """async ({ detections, kind, ground, places, hasPlates }) => {
  const { drawDetections } = await import("/browser/overlay.js");
  const context = new OffscreenCanvas(400, 300).getContext("2d");
  context.fillStyle = ground;
  context.fillRect(0, 0, 400, 300);
  drawDetections(context, detections, (one) => `sight ${one.class}`, { kind, hasPlates });
  return places.map(([x, y]) => [...context.getImageData(x, y, 1, 1).data.slice(0, 3)]);
}"""
ONE = {"class": 0, "confidence": 0.9, "score": 0.9, "box": [100, 100, 300, 250], "rival": None}
WHITE, BLACK = [255, 255, 255], [0, 0, 0]
COLOUR = [255, 176, 0]


def draw(page: Page, places: list[tuple[int, int]], **given: Any) -> Any:
    options = {"detections": [ONE], "kind": "boxes", "ground": "#ffffff", "hasPlates": False}
    return page.evaluate(DRAW, options | {"places": places} | given)


def test_box_has_its_colour_and_a_dark_rim(blank: Page) -> None:
    on_line, outside, inside = draw(blank, [(100, 170), (50, 170), (200, 120)])
    assert on_line == COLOUR
    assert (outside, inside) == (WHITE, WHITE)
    rims = draw(blank, [(x, 170) for x in range(94, 100)])
    assert [16, 19, 26] in rims


def test_dots_have_no_box(blank: Page) -> None:
    on_line, middle = draw(blank, [(100, 170), (200, 175)], kind="dots")
    assert (on_line, middle) == (WHITE, COLOUR)


def test_name_plate_stays_in_the_picture(blank: Page) -> None:
    at_the_edge = ONE | {"box": [-50, -20, 60, 280]}
    places = [(x, y) for x in range(0, 100, 2) for y in range(0, 40, 2)]
    with_plate = draw(blank, places, detections=[at_the_edge], hasPlates=True)
    assert with_plate.count(COLOUR) > 100


def test_plates_of_sights_on_one_place_do_not_cover_each_other(blank: Page) -> None:
    both = [ONE, ONE | {"class": 1}]
    places = [(x, y) for x in range(100, 180, 2) for y in range(60, 160, 2)]
    seen = draw(blank, places, detections=both, hasPlates=True)
    assert seen.count(COLOUR) > 100
    assert seen.count([63, 208, 201]) > 100
