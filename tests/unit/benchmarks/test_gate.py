"""The simulation of the gate is what it says: paired, matched as pycocotools does, and honest."""

import numpy as np
import pytest

from benchmarks.gate import AS_CHOSEN, CASES, UNFIT
from benchmarks.simulated_detector import (
    Photos,
    Skills,
    choose_threshold,
    detect,
    draw_strangers,
    measure,
    meet,
    threshold_for,
)

CASE = {case.name: case for case in (*CASES, *AS_CHOSEN, *UNFIT)}


@pytest.fixture(scope="module")
def skill_of() -> Skills:
    return Skills(np.random.default_rng(1))


def test_a_usual_detector_measures_as_trained_ones_do(skill_of: Skills) -> None:
    chance = np.random.default_rng(2)
    photos = Photos.draw(chance, [2000])
    found = measure(["Arch"], detect(chance, photos, np.array([skill_of(0.55)])))
    assert (found.map50, found.map50_95) == pytest.approx((0.91, 0.55), abs=0.03)


def test_what_is_hard_is_hard_for_both(skill_of: Skills) -> None:
    """So models that are compared on the same photos are told apart the better."""
    chance = np.random.default_rng(3)
    skills = np.array([skill_of(0.55)])
    pairs = []
    for _ in range(200):
        photos = Photos.draw(chance, [20])
        pairs.append([measure(["Arch"], detect(chance, photos, skills)).map50_95 for _ in range(2)])
    assert 0.3 < np.corrcoef(np.transpose(pairs))[0, 1] < 0.9


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("worse by 0.10, 2 new", 0),
        ("one sight collapsed, others better", 0),
        ("one sight lost, others better", 0),
        ("better by 0.15", 5),
    ],
)
def test_cases_are_judged(name: str, published: int, skill_of: Skills) -> None:
    chance = np.random.default_rng(4)
    verdicts = [CASE[name].judge_once(chance, 60, skill_of).published for _ in range(5)]
    assert sum(verdicts) == published


def test_strangers_reach_thresholds_as_often_as_is_said() -> None:
    chance = np.random.default_rng(5)
    scores = meet(chance, draw_strangers(chance, 20_000))
    assert (scores >= threshold_for(0.1)).mean() == pytest.approx(0.1, abs=0.01)
    chosen = [choose_threshold(meet(chance, draw_strangers(chance, 50))) for _ in range(400)]
    assert np.mean([(scores >= one).mean() for one in chosen]) == pytest.approx(1 / 51, abs=0.004)


@pytest.mark.parametrize(
    ("name", "at_most"), [("shown as chosen", 6), ("20 % of strangers named", 40)]
)
def test_what_is_shown_is_judged(name: str, at_most: int, skill_of: Skills) -> None:
    chance = np.random.default_rng(6)
    unfit = sum(CASE[name].is_unfit(chance, 30, skill_of) for _ in range(40))
    assert at_most - 6 <= unfit <= at_most


def test_confidence_is_how_often_names_are_right(skill_of: Skills) -> None:
    curve = skill_of.curve(0.55)
    assert (np.diff(curve) >= 0).all()
    assert curve[-2] > 0.9
    assert curve[6] < 0.5
