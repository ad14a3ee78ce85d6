"""What people would be shown decides: names on strangers, sights that fall silent, false confidence."""

from dataclasses import replace

import numpy as np
import pytest

from sightscan.publish.shipped import ShownModel, object_to
from sightscan.publish.shown import ShownNames

SIGHTS = ("Arch", "Bridge")


def model(
    version: int = 2,
    *,
    named: tuple[int, int] = (20, 20),
    photos: int = 20,
    wrong: int = 0,
    alarms: range = range(0),
    backgrounds: int = 200,
    confidence: float = 0.9,
    **more: bool,
) -> ShownModel:
    """Return a model that names the sights on the first `named` of their `photos` each.

    `wrong` names are on photos of sights besides, `alarms` are numbers of the photos without one.
    """
    first = len(SIGHTS) * photos
    rows = [
        (number * photos + photo, number, True)
        for number in (0, 1)
        for photo in range(named[number])
    ]
    rows += [(photo, 1, False) for photo in range(wrong)]
    rows += [(first + photo, 0, False) for photo in alarms]
    where, classes, right = zip(*rows, strict=True) if rows else ((), (), ())
    boxes = np.zeros((first + backgrounds, 2), np.intp)
    boxes[:photos, 0] = boxes[photos:first, 1] = 1
    shown = ShownNames(
        names=SIGHTS,
        photos=np.array(where, np.intp),
        classes=np.array(classes, np.intp),
        confidences=np.full(len(rows), confidence),
        right=np.array(right, np.bool_),
        boxes=boxes,
        backgrounds=np.arange(first, first + backgrounds),
    )
    return ShownModel(f"model {version}", shown, frozenset(SIGHTS), **more)


def test_a_model_that_keeps_what_is_promised_is_fit() -> None:
    assert object_to(model(alarms=range(4)), None) == []
    assert object_to(model(alarms=range(4)), model(1, alarms=range(2, 6))) == []


@pytest.mark.parametrize(
    ("alarms", "backgrounds", "is_fit"),
    # Of few, only a surely bad one.
    [(15, 200, True), (16, 200, False), (1, 1, True), (3, 20, True), (4, 20, False), (0, 0, True)],
)
def test_names_on_strangers_refuse_a_model_if_they_are_surely_many(
    alarms: int, backgrounds: int, *, is_fit: bool
) -> None:
    told = object_to(model(alarms=range(alarms), backgrounds=backgrounds), None)
    said = f"{alarms} of {backgrounds} photos without a sight get a name"
    assert told == ([] if is_fit else [f"{said}, surely more than 5% of all such"])


@pytest.mark.parametrize(
    ("new", "old", "is_fit"),
    [
        # The luck of the choice, however much better the other is.
        (range(12), range(0), True),
        (range(13), range(0), False),
        # On other photos as well as on more.
        (range(14), range(4, 15), True),
        (range(14), range(12, 16), False),
        (range(1), range(10), True),
    ],
)
def test_surely_more_names_on_strangers_than_before_refuse_a_model(
    new: range, old: range, *, is_fit: bool
) -> None:
    told = object_to(model(alarms=new), model(1, alarms=old))
    said = f"{len(new)} of 200 photos without a sight get a name, from model 1 {len(old)}"
    assert told == ([] if is_fit else [said])


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ((6, 20), []),
        ((13, 13), []),
        ((12, 13), ["25 of 40 sights are named, by model 1 40"]),
        (
            (5, 20),
            [
                "25 of 40 sights are named, by model 1 40",
                "Arch is named 5 times of 20, by model 1 20",
            ],
        ),
    ],
)
def test_sights_that_fall_silent_refuse_a_model(named: tuple[int, int], told: list[str]) -> None:
    assert object_to(model(named=named), model(1)) == told


def test_a_fall_may_be_luck_on_few_photos() -> None:
    assert object_to(model(photos=4, named=(2, 2)), model(1, photos=4, named=(4, 4))) == []
    told = object_to(model(photos=5, named=(0, 5)), model(1, photos=5, named=(5, 5)))
    assert told == [
        "5 of 10 sights are named, by model 1 10",
        "Arch is named 0 times of 5, by model 1 5",
    ]


@pytest.mark.parametrize(
    "old",
    [model(1, alarms=range(20)), model(1, has_thresholds=False)],
    ids=["names strangers", "older"],
)
def test_what_showed_too_much_is_no_measure_of_how_much_is_named(old: ShownModel) -> None:
    assert object_to(model(named=(10, 10)), old) == []


def test_silence_that_spares_strangers_what_they_may_get_is_no_excuse() -> None:
    told = object_to(model(named=(10, 10)), model(1, alarms=range(12)))
    assert told == ["20 of 40 sights are named, by model 1 40"]


def test_only_sights_that_both_name_are_compared() -> None:
    new = replace(model(named=(0, 20)), sights=frozenset({"Bridge"}))
    assert object_to(new, model(1)) == []


@pytest.mark.parametrize(
    ("named", "wrong", "confidence", "is_fit"),
    [
        ((20, 20), 0, 0.5, True),
        ((20, 20), 15, 0.9, True),
        ((20, 20), 24, 0.9, False),
        ((2, 1), 2, 0.9, True),
        ((1, 0), 4, 0.9, False),
    ],
    ids=["less sure than right", "73 % right", "62 % right", "few", "few and wrong"],
)
def test_a_model_that_is_surer_than_it_is_right_is_refused(
    named: tuple[int, int], wrong: int, confidence: float, *, is_fit: bool
) -> None:
    told = object_to(model(named=named, wrong=wrong, confidence=confidence), None)
    count = sum(named)
    said = f"{count} of {count + wrong} names are right, but it says to be 90% sure of them"
    assert told == ([] if is_fit else [said])


def test_a_model_that_names_nothing_right_never_replaces_one() -> None:
    silent = model(named=(0, 0))
    said = "on none of the 40 test photos of its sights one is named right"
    assert said in object_to(silent, model(named=(1, 0)))
    # Before a first model nothing is named either.
    assert object_to(silent, None) == []
