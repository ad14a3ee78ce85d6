"""letterbox.js against letterbox.py: the same sides, and pixels within a level of 255."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.browser.reference import apply_letterbox, fit_letterbox

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow

SHAPES = [(640, 480), (480, 640), (1, 1), (17, 2000), (3000, 31), (416, 416), (101, 99), (224, 160)]
SIZES = [64, 224, 640]
# One level of 255, and what float32 rounds.
BOUND = 1.001 / 255
APPLY = """async ({ pixels, width, height, imageSize, stride }) => {
  const { applyLetterbox, fitLetterbox } = await import("/browser/letterbox.js");
  const rgba = Uint8ClampedArray.from(atob(pixels), (character) => character.charCodeAt(0));
  const rows = (first, count) => rgba.subarray(first * width * 4, (first + count) * width * 4);
  const letterbox = fitLetterbox(width, height, imageSize, stride);
  const input = new Uint8Array(applyLetterbox(rows, width, height, letterbox).buffer);
  let text = "";
  for (let at = 0; at < input.length; at += 30000) {
    text += String.fromCharCode(...input.subarray(at, at + 30000));
  }
  return { letterbox, input: btoa(text) };
}"""


def fine_pattern(width: int, height: int) -> NDArray[np.uint8]:
    """Return a picture with lines that any sloppy shrinking loses."""
    noise = np.random.default_rng(7).integers(0, 256, (height, width, 3), dtype=np.uint8)
    noise[:, ::3] //= 4
    return noise


@pytest.mark.parametrize("image_size", SIZES)
@pytest.mark.parametrize(("width", "height"), SHAPES)
def test_input_is_that_of_python(blank: Page, width: int, height: int, image_size: int) -> None:
    pixels = fine_pattern(width, height)
    rgba = np.dstack((pixels, np.full((height, width), 255, dtype=np.uint8)))
    given = {"pixels": base64.b64encode(rgba.tobytes()).decode(), "width": width, "height": height}
    answer = blank.evaluate(APPLY, given | {"imageSize": image_size, "stride": 32})
    expected = fit_letterbox(width, height, image_size, stride=32)
    found = answer["letterbox"]
    for side in ("left", "top", "width", "height"):
        assert found[side] == getattr(expected, side), side
    assert found["scale"] == pytest.approx(expected.scale)
    images = apply_letterbox(pixels, expected)
    raw = np.frombuffer(base64.b64decode(answer["input"]), dtype=np.float32)
    assert np.abs(raw.reshape(images.shape) - images).max() <= BOUND


def test_box_mapped_back_is_where_it_was(blank: Page) -> None:
    box = blank.evaluate(
        """async () => {
          const { fitLetterbox, toPicture } = await import("/browser/letterbox.js");
          const letterbox = fitLetterbox(900, 300, 288, 32);
          const place = (x, y) => [x * letterbox.scale + letterbox.left, y * letterbox.scale + letterbox.top];
          return toPicture([...place(10, 20), ...place(890, 290)], letterbox);
        }"""
    )
    assert box == pytest.approx([10, 20, 890, 290], abs=1e-6)
