"""names.js: names neither flicker nor linger, and are said as surely as the model is."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow

A, B = 0, 1
# Plays frames, and returns what is said after each.
PLAY = """async (frames) => {
  const { NameKeeper } = await import("/browser/names.js");
  const keeper = new NameKeeper();
  return frames.map(({ at, seen }) => {
    keeper.record(seen.map(([number, confidence, rival]) => ({
      class: number, score: confidence, confidence, box: [0, 0, 9, 9],
      rival: rival ? { class: rival[0], confidence: rival[1] } : null,
    })), at);
    return keeper.read(at);
  });
}"""


def frame(at: float, *seen: tuple[Any, ...]) -> dict[str, Any]:
    return {"at": at, "seen": [list(one) for one in seen]}


def classes(answer: dict[str, Any]) -> set[int]:
    return {one["class"] for one in answer["said"]}


@pytest.mark.parametrize("per_second", [2, 5, 15, 30])
def test_b_is_named_within_half_a_second_and_a_gone_within_one(
    blank: Page, per_second: int
) -> None:
    step = 1000 / per_second
    times = [number * step for number in range(4 * per_second)]
    frames = [frame(at, (A if at < 2000 else B, 0.95)) for at in times]
    answers = dict(zip(times, blank.evaluate(PLAY, frames), strict=True))
    first = next(at for at in times if at >= 2000)
    assert all(B in classes(answers[at]) for at in times if at >= first + 500 - step)
    assert all(A not in classes(answers[at]) for at in times if at >= first + 1000 - step)


def test_one_frame_that_errs_neither_brings_nor_takes_a_name(blank: Page) -> None:
    times = range(0, 3000, 66)
    frames = [
        frame(at, (B, 0.9)) if number == 20 else frame(at, *([] if number == 30 else [(A, 0.95)]))
        for number, at in enumerate(times)
    ]
    answers = blank.evaluate(PLAY, frames)
    assert all(classes(answer) == {A} for answer in answers)


def test_first_frame_names_at_once(blank: Page) -> None:
    (answer,) = blank.evaluate(PLAY, [frame(0, (A, 0.95))])
    assert (answer["kind"], answer["said"][0]["word"]) == ("named", "sure")


def test_words_follow_the_confidence_and_do_not_flicker_at_a_bound(blank: Page) -> None:
    sureness = [0.95] * 30 + [0.9, 0.88] * 30 + [0.7] * 30 + [0.59, 0.61] * 30 + [0.4] * 30
    frames = [frame(at * 66, (A, confidence)) for at, confidence in enumerate(sureness)]
    words = [answer["said"][0]["word"] for answer in blank.evaluate(PLAY, frames)]
    changes = [after for before, after in itertools.pairwise(words) if before != after]
    assert (words[0], changes) == ("sure", ["probable", "perhaps"])


def test_unsure_name_has_the_one_that_it_may_also_be(blank: Page) -> None:
    likely, unlikely = blank.evaluate(
        PLAY, [frame(0, (A, 0.45, (B, 0.3))), frame(5000, (A, 0.45, (B, 0.1)))]
    )
    assert likely["said"][0]["rival"] == B
    assert unlikely["said"][0]["rival"] is None


def test_after_two_seconds_without_a_sight_it_says_so(blank: Page) -> None:
    times = range(0, 4000, 100)
    answers = blank.evaluate(PLAY, [frame(at) for at in times])
    kinds = {at: answer["kind"] for at, answer in zip(times, answers, strict=True)}
    assert all(kind == ("unknown" if at >= 2000 else "looking") for at, kind in kinds.items())
