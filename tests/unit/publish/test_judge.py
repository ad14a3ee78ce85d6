"""Judging: no sight is lost or becomes worse, luck is no reason, and only what is known is shown."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from sightscan.box import Box
from sightscan.publish.detector import Detections
from sightscan.publish.judge import Contender, Verdict, judge
from sightscan.publish.measure import measure_detections
from sightscan.publish.shown import collect_shown

# How well the box on each photo of a sight fits: its overlap with the truth, 0 if it was missed.
Fits = Mapping[str, Sequence[float]]

GOOD, FAIR, POOR = 0.93, 0.78, 0.56
# Precision 1 with all found: AP 0.9, 0.6 and 0.2.
OTHERS = ("Bridge", "Castle", "Dome", "Exchange")


def contender(
    version: int, fits: Fits, *, sights: Sequence[str] = (), hidden: Sequence[str] = ()
) -> Contender:
    """Return a model that finds the boxes so; `sights` that it knows beside, none of them found."""
    names = [*fits, *(name for name in sights if name not in fits)]
    found, truths = [], []
    for number, name in enumerate(fits):
        for photo, fit in enumerate(fits[name]):
            truths.append([(name, Box(0.2, 0.2, 0.6, 0.6))])
            boxes = [] if not fit else [(0.2, 0.2, 0.6, 0.2 + 0.4 * fit)]
            found.append(
                Detections(
                    boxes=np.array(boxes, np.float32).reshape(-1, 4),
                    scores=np.array([0.9 - photo / 100] * len(boxes), np.float32),
                    classes=np.array([number] * len(boxes), np.intp),
                )
            )
    known = [name for name in names if name in sights or not sights]
    return Contender(
        version,
        measure_detections(found, truths, names),
        collect_shown(found, truths, names),
        frozenset(known),
        frozenset(hidden),
    )


def verdict(new: Fits, old: Fits | None, *, old_sights: Sequence[str] = (), **more: str) -> Verdict:
    """Judge a model 2 against a model 1 that knows `old_sights`, or all."""
    in_place = contender(1, old, sights=old_sights) if old is not None else None
    return judge(contender(2, new), in_place, min_map50=0.5, **more)


def city(fit: float, photos: int = 12, sights: Sequence[str] = OTHERS) -> dict[str, list[float]]:
    return {name: [fit] * photos for name in sights}


def test_better_model_is_published() -> None:
    judged = verdict(city(GOOD), city(FAIR))
    assert judged.published
    assert judged.reason == (
        "better than model 1: mAP50-95 0.900 against 0.600 on 4 sights of both and the same 48 test "
        "photos, by +0.300, surely by +0.300"
    )


@pytest.mark.parametrize("fit", [FAIR, POOR], ids=["equal", "worse"])
def test_what_is_not_better_is_refused(fit: float) -> None:
    judged = verdict(city(fit), city(FAIR))
    assert not judged.published
    assert "not surely better than model 1" in judged.reason


@pytest.mark.parametrize("count", [1, 2, 4])
def test_new_sights_do_not_pay_for_old_ones_that_are_worse(count: int) -> None:
    new_sights = ("Gate", "Hall", "Inn", "Jetty")[:count]
    # Everywhere a little, so that no sight falls by 0.10.
    worse = {name: [GOOD] * 11 + [POOR] for name in OTHERS}
    judged = verdict(
        worse | city(GOOD, sights=new_sights),
        city(GOOD) | city(0, sights=new_sights),
        old_sights=OTHERS,
    )
    assert not judged.published
    assert "not surely better than model 1" in judged.reason


def test_one_sight_that_collapses_refuses_a_model_that_is_better_on_the_others() -> None:
    old = {"Rosa Palast": [0.73] * 12} | city(FAIR)
    judged = verdict({"Rosa Palast": [0.53] * 12} | city(GOOD), old)
    assert not judged.published
    assert judged.reason.startswith(
        "Rosa Palast is worse: AP 0.50 -> 0.10 on 12 test photos; better than model 1: "
    )


@pytest.mark.parametrize(("photos", "published"), [(4, True), (5, False)])
def test_a_fall_on_fewer_than_5_photos_says_too_little(photos: int, *, published: bool) -> None:
    old = {"Rosa Palast": [FAIR] * photos} | city(POOR)
    judged = verdict({"Rosa Palast": [POOR] * photos} | city(GOOD), old)
    assert judged.published == published


@pytest.mark.parametrize(("fit", "published"), [(0.73, True), (0.67, False)])
def test_a_sight_may_fall_by_a_tenth(fit: float, *, published: bool) -> None:
    # From 0.6 to 0.5, and to 0.4.
    judged = verdict(
        {"Rosa Palast": [fit] * 12} | city(GOOD), {"Rosa Palast": [FAIR] * 12} | city(FAIR)
    )
    assert judged.published == published


def test_a_lost_sight_refuses_the_model() -> None:
    judged = verdict(city(GOOD), city(FAIR), old_sights=(*OTHERS, "Rosa Palast"))
    assert not judged.published
    assert judged.reason.startswith(
        "Rosa Palast would be lost (--accept-lost publishes it all the same); better than model 1: "
    )


def test_a_sight_may_be_lost_if_a_person_says_so() -> None:
    judged = verdict(
        city(GOOD),
        city(FAIR),
        old_sights=(*OTHERS, "Rosa Palast"),
        accepted_loss="it burnt down",
    )
    assert judged.published
    assert judged.reason.endswith("; lost: Rosa Palast, because it burnt down")


def test_accepting_a_loss_accepts_nothing_else() -> None:
    judged = verdict(
        city(POOR), city(FAIR), old_sights=(*OTHERS, "Rosa Palast"), accepted_loss="it burnt down"
    )
    assert not judged.published


@pytest.mark.parametrize(
    ("fits", "hidden"),
    [
        ([GOOD] * 3, False),
        ([GOOD] * 2, True),
        ([GOOD, GOOD, 0, 0], False),
        ([GOOD, 0, 0], True),
        ([], True),
    ],
    ids=["3 photos", "2 photos", "AP50 0.50", "AP50 0.34", "no photo"],
)
def test_a_new_sight_is_shown_if_it_proves_itself(fits: list[float], *, hidden: bool) -> None:
    new = contender(2, city(GOOD) | {"Gate": fits})
    judged = judge(
        new, contender(1, city(FAIR) | {"Gate": [0] * len(fits)}, sights=OTHERS), min_map50=0.5
    )
    assert judged.published
    assert judged.hidden == (frozenset({"Gate"}) if hidden else frozenset())


def test_what_is_not_shown_says_why() -> None:
    judged = verdict(
        city(GOOD) | {"Gate": [GOOD, 0, 0], "Hall": []},
        city(FAIR) | {"Gate": [0] * 3},
        old_sights=OTHERS,
    )
    assert judged.reason.endswith(
        "; not shown: Gate (AP50 0.34 on 3 test photos), Hall (no test photo)"
    )


def test_as_good_with_a_sight_more_is_published() -> None:
    judged = verdict(
        city(FAIR) | city(GOOD, 5, ["Gate"]),
        city(FAIR) | city(0, 5, ["Gate"]),
        old_sights=OTHERS,
    )
    assert judged.published
    assert judged.reason == (
        "with 1 sight more, and as good as model 1: mAP50-95 0.600 against 0.600 on 4 sights of both "
        "and the same 48 test photos, by +0.000, surely by +0.000; "
        "new: Gate (AP50 1.00 on 5 test photos)"
    )


def test_a_sight_more_that_is_not_shown_is_none() -> None:
    judged = verdict(
        city(FAIR) | {"Gate": [GOOD] * 2}, city(FAIR) | {"Gate": [0] * 2}, old_sights=OTHERS
    )
    assert not judged.published


def test_a_sight_that_was_not_shown_is_neither_lost_nor_guarded() -> None:
    old = contender(1, city(FAIR) | {"Gate": [FAIR] * 6}, hidden=["Gate"])
    judged = judge(contender(2, city(GOOD) | {"Gate": [0] * 6}), old, min_map50=0.5)
    assert judged.published
    assert judged.hidden == {"Gate"}


def test_a_sight_that_was_shown_and_has_no_test_photo_any_more_is_lost() -> None:
    judged = verdict(
        city(GOOD) | {"Gate": []}, city(FAIR) | {"Gate": []}, old_sights=(*OTHERS, "Gate")
    )
    assert not judged.published
    assert judged.reason.startswith("Gate would be lost")


@pytest.mark.parametrize(
    ("found", "published"), [(5, False), (10, True)], ids=["0.505 of 0.5", "1 of 0.5"]
)
def test_a_first_model_reaches_the_minimum_surely(found: int, *, published: bool) -> None:
    judged = verdict({"Arch": [GOOD] * found + [0.0] * (10 - found)}, None)
    assert judged.published == published
    assert "first model: mAP50" in judged.reason
    assert "0.50 needed" in judged.reason


def test_a_model_without_a_sight_to_show_is_refused() -> None:
    judged = verdict(city(GOOD, 2), None)
    assert not judged.published
    assert judged.reason.startswith("no sight could be shown; first model: mAP50 1.000")


def test_without_a_sight_in_common_it_is_judged_alone() -> None:
    judged = verdict(
        city(GOOD), city(0), old_sights=("Rosa Palast",), accepted_loss="the city was rebuilt"
    )
    assert judged.published
    assert "no sight in common with the model in place: mAP50 1.000" in judged.reason


def test_judging_again_says_the_same() -> None:
    chance = np.random.default_rng(1)
    new, old = ({"Arch": list(chance.uniform(0.4, 1, 20))} for _ in range(2))
    assert verdict(new, old) == verdict(new, old)
