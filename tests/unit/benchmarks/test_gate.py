"""The simulation of the gate is what it says: paired, matched as pycocotools does, and honest."""

import numpy as np
import pytest

from benchmarks.gate import CASES, Photos, Skills, detect, measure, upper_end

CASE = {case.name: case for case in CASES}


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


def test_upper_end_is_wilsons() -> None:
    assert upper_end(0, 200) == pytest.approx(0.0188, abs=0.0001)
    assert upper_end(40, 800) == pytest.approx(0.0674, abs=0.0001)
