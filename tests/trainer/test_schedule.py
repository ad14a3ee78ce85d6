"""The plan of a training: late epochs see larger photos, and the time limit is known from the start."""

from dataclasses import replace

import pytest

from trainer.progress import EpochRecord
from trainer.recipe import FROM_NOTHING, FROM_WEIGHTS
from trainer.request import TrainingRequest
from trainer.schedule import Schedule, plan_training

# Ten epochs, six of them at half the size: a large one costs four times a small one.
RECIPE = replace(FROM_NOTHING, small_first_fraction=0.6, small_first_scale=0.5)
REQUEST = TrainingRequest(epochs=10, image_size=128, batch_size=8, seed=0, time_limit_seconds=100)
TEN = Schedule(REQUEST, RECIPE, 10)


def history(*seconds: float) -> list[EpochRecord]:
    return [
        EpochRecord(number, 10, each, 0.1, 0.1, 0.1, 0.5, 0.3)
        for number, each in enumerate(seconds, start=1)
    ]


def test_large_epochs_to_come_are_counted_as_large() -> None:
    assert TEN.seconds_left(history(2, 2)) == pytest.approx(4 * 2 + 4 * 8)


def test_small_epochs_that_were_do_not_make_large_ones_look_short() -> None:
    assert TEN.seconds_left(history(2, 2, 2, 2, 2, 2, 8)) == pytest.approx(3 * 8)


def test_limit_is_kept_where_the_photos_become_large() -> None:
    # 60 s are done; another small epoch would end at 70 s, but the next is large and ends at 100.
    done = history(10, 10, 10, 10, 10, 10)
    assert not TEN.next_epoch_passes_limit(done)
    assert replace(TEN, request=replace(REQUEST, time_limit_seconds=99)).next_epoch_passes_limit(
        done
    )


def test_first_epoch_is_trained_whatever_the_limit() -> None:
    short = replace(TEN, request=replace(REQUEST, time_limit_seconds=1))
    assert not short.next_epoch_passes_limit([])


@pytest.mark.parametrize(
    ("seconds", "planned"),
    [
        ((), 10),
        ((30,), 10),  # one epoch says little: the first starts caches and processes
        ((3, 2), 10),
        ((30, 10), 9),  # 30 s, then eight of 10 s would be 110 s: seven of them fit
        ((30, 10, 90, 1), 9),  # what comes later changes nothing
        ((90, 80), 2),
    ],
)
def test_epochs_are_planned_by_the_pace_of_the_second(
    seconds: tuple[float, ...], planned: int
) -> None:
    request = replace(REQUEST, time_limit_seconds=110)
    assert plan_training(request, FROM_WEIGHTS, history(*seconds)).epochs == planned


def test_large_epochs_are_planned_as_large() -> None:
    # Small ones take 2 s, large ones 8 s: of seven, five are small and two large, 26 s in all.
    assert plan_training(replace(REQUEST, time_limit_seconds=26), RECIPE, history(2, 2)).epochs == 7


def test_rate_and_mosaics_end_with_the_epochs_that_fit() -> None:
    plan = plan_training(
        replace(REQUEST, epochs=1000, time_limit_seconds=100), FROM_WEIGHTS, history(5, 5)
    )
    assert plan.epochs == 20
    assert plan.learning_rate(1.0) == pytest.approx(0.02 * plan.learning_rate(0.0))
    assert (plan.has_mosaics(0), plan.has_mosaics(19)) == (True, False)
