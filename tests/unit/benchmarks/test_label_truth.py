"""The measure of label truth: it sees what is true, and what is not."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import label_truth
from benchmarks.label_truth import Tally, main, tally_runs
from benchmarks.report import Row
from sandbox.vision.landmark_answers import NO_ERRORS, VisionErrors
from sandbox.world.world import World
from sightscan.label import answers
from tests.cities.small_world import draw_small_world

BOXES = 26


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return draw_small_world(tmp_path_factory.mktemp("world") / "small")


def test_without_errors_every_label_is_true_and_kept(world: World) -> None:
    (tally,) = tally_runs(world, NO_ERRORS, [1])
    assert (tally.correct, tally.accepted) == (BOXES, BOXES)
    assert (tally.purity, tally.kept) == (1, 1)


def test_label_of_another_sight_is_not_true(world: World) -> None:
    (tally,) = tally_runs(world, replace(NO_ERRORS, wrong_sight=1), [1])
    assert tally.purity == 0


def test_box_beside_the_sight_is_not_true(world: World) -> None:
    (tally,) = tally_runs(world, replace(NO_ERRORS, loose_box=0.9), [1])
    assert tally.purity < 0.9


def test_empty_answers_are_counted(world: World) -> None:
    (tally,) = tally_runs(world, VisionErrors(nothing_found=1), [1])
    assert (tally.empty, tally.landmarks) == (25, 0)


def test_landmarks_elsewhere_are_not_accepted(world: World) -> None:
    (tally,) = tally_runs(world, replace(NO_ERRORS, wrong_place=1), [1])
    assert (tally.accepted, tally.correct) == (0, 0)
    assert tally.reasons.total() == BOXES


def test_sight_that_is_boxed_twice_counts_once(world: World) -> None:
    (tally,) = tally_runs(world, replace(NO_ERRORS, nameless_twin=1), [1])
    assert (tally.landmarks, tally.correct) == (2 * BOXES, BOXES)
    assert (tally.accepted, tally.purity, tally.kept) == (BOXES, 1, 1)


def test_second_box_of_a_sight_is_not_true(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "hold_back_rivals", lambda labels, _: tuple(labels))
    (tally,) = tally_runs(world, replace(NO_ERRORS, placed_twin=1), [1])
    # One scores too low.
    assert (tally.accepted, tally.accepted_true) == (2 * BOXES - 1, BOXES)


def test_second_table_has_all_errors_doubled(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    tables: dict[str, list[Row]] = {}

    def keep(name: str, rows: list[Row]) -> int:
        tables[name] = rows
        return 0

    monkeypatch.setattr(label_truth, "publish", keep)
    assert main(["--world", str(world.folder), "--seeds", "2"]) == 0
    bound = {name: [row.measure for row in rows if row.bound] for name, rows in tables.items()}
    assert bound["label_truth"][0] == "purity, worst seed"
    assert bound["label_truth_twice"][0] == "purity"
    empty = [
        next(row.value for row in rows if row.measure == "answers without a landmark")
        for rows in tables.values()
    ]
    assert empty[0] < empty[1]


def test_seeds_err_on_different_photos(world: World) -> None:
    one, other = tally_runs(world, VisionErrors(nothing_found=0.5), [1, 2])
    assert one != other


def test_what_was_kept_is_what_was_correct() -> None:
    assert Tally(correct=4, correct_kept=3).kept == 0.75


def test_no_world_is_said_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(label_truth, "publish", None)
    assert main(["--world", str(tmp_path / "none")]) == 2
    assert "expected a folder of photos" in capsys.readouterr().err
