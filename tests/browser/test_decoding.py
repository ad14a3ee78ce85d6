"""decoding.js passes the cases that every reader of models passes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.decoding_cases import read_cases

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow

CASES = read_cases()
DECODE = """async ({ rows, classCount, decoding }) => {
  const { decode, readAsOlder } = await import("/browser/decoding.js");
  const values = Float32Array.from(rows.flat(), (value) => (value === null ? NaN : value));
  return decode(values, classCount, decoding ?? readAsOlder(classCount));
}"""


def decode(page: Page, rows: list[list[float | None]], decoding: dict[str, Any] | None) -> Any:
    class_count = len(rows[0]) - 5 if rows else 2
    return page.evaluate(DECODE, {"rows": rows, "classCount": class_count, "decoding": decoding})


@pytest.mark.parametrize("name", CASES)
def test_people_are_shown_what_the_case_says(blank: Page, name: str) -> None:
    case = CASES[name]
    found = decode(blank, case["rows"], case["decoding"])
    shown = [[one["class"], one["score"], one["confidence"], *one["box"]] for one in found]
    expected = np.reshape(case["shown"], (-1, 7))
    np.testing.assert_allclose(np.reshape(shown, (-1, 7)), expected, atol=1e-4)


def test_rival_is_the_next_class_of_the_same_box(blank: Page) -> None:
    (one,) = decode(blank, [[100, 100, 50, 50, 0.8, 0.3, 0.9, 0.7]], None)
    assert one["class"] == 1
    assert one["rival"]["class"] == 2
    assert one["rival"]["confidence"] == pytest.approx(0.56)


def test_sight_that_is_hidden_is_neither_named_nor_a_rival(blank: Page) -> None:
    placed = blank.evaluate(
        """async () => {
          const { placeInPicture } = await import("/browser/detection.js");
          const { fitLetterbox } = await import("/browser/letterbox.js");
          const found = [0, 1].map((number) => ({
            class: number, score: 0.5, confidence: 0.5, box: [-20, 10, 50, 50],
            rival: { class: 2, confidence: 0.4 },
          }));
          return placeInPicture(found, fitLetterbox(320, 320, 160, 32), 320, 320, new Set([0, 2]));
        }"""
    )
    assert [(one["class"], one["rival"], one["box"]) for one in placed] == [
        (1, None, [0, 20, 100, 100])
    ]
