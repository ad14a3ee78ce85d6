"""name_plate.js: names over a film can be pressed and keep the focus, whatever their order does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow

SHOW = """async (frames) => {
  const { NamePlate } = await import("/browser/name_plate.js");
  const elements = [document.createElement("div"), document.createElement("p")];
  document.body.replaceChildren(...elements);
  const plate = new NamePlate(...elements);
  const pressed = [];
  plate.onName = (number) => pressed.push(number);
  const sights = [0, 1, 2].map((number) => ({ class: number, name: `Sight ${number}`, names: {} }));
  const show = (classes) => {
    const said = classes.map((number) => ({ word: "sure", class: number, confidence: 1, rival: null }));
    plate.show({ kind: said.length ? "named" : "unknown", said }, { sights }, 0);
  };
  const buttonOf = (number) =>
    [...elements[0].querySelectorAll("button")].find((one) => one.textContent.includes(`Sight ${number}`));
  show(frames[0]);
  const first = buttonOf(1);
  first.focus();
  const lines = [];
  for (const frame of frames.slice(1)) {
    show(frame);
    lines.push([...elements[0].children].map((line) => line.textContent));
  }
  first.click();
  return { lines, isSame: buttonOf(1) === first, isFocused: document.activeElement === first, pressed };
}"""


@pytest.mark.parametrize("order", [[0, 1], [1, 0], [2, 1], [1], [0, 2, 1], [2, 1, 0]])
def test_name_keeps_its_button_and_the_focus_when_others_come_go_or_change_places(
    blank: Page, order: list[int]
) -> None:
    shown = blank.evaluate(SHOW, [[0, 1], order, [1, 0], order])
    expected = [f"This is Sight {number}" for number in order]
    assert shown["lines"][-1] == expected
    assert (shown["isSame"], shown["isFocused"], shown["pressed"]) == (True, True, [1])


def test_name_that_is_gone_leaves_the_plate(blank: Page) -> None:
    shown = blank.evaluate(SHOW, [[0, 1], [], [0]])
    assert shown["lines"] == [["No sight that I know"], ["This is Sight 0"]]
