"""How long a training still takes: late epochs see larger photos, and the time limit knows it."""

from dataclasses import replace

import pytest

from trainer import training
from trainer.progress import EpochRecord
from trainer.recipe import FROM_NOTHING
from trainer.request import TrainingRequest

# Ten epochs, six of them at half the size: a large one costs four times a small one.
RECIPE = replace(FROM_NOTHING, small_first_fraction=0.6, small_first_scale=0.5)
REQUEST = TrainingRequest(epochs=10, image_size=128, batch_size=8, seed=0, time_limit_seconds=100)


def history(*seconds: float) -> list[EpochRecord]:
    return [
        EpochRecord(number, 10, each, 0.1, 0.1, 0.1, 0.5, 0.3)
        for number, each in enumerate(seconds, start=1)
    ]


def test_large_epochs_to_come_are_counted_as_large() -> None:
    assert training._seconds_left(history(2, 2), REQUEST, RECIPE) == pytest.approx(4 * 2 + 4 * 8)


def test_small_epochs_that_were_do_not_make_large_ones_look_short() -> None:
    done = history(2, 2, 2, 2, 2, 2, 8)
    assert training._seconds_left(done, REQUEST, RECIPE) == pytest.approx(3 * 8)


def test_limit_is_kept_where_the_photos_become_large() -> None:
    # 60 s are done; another small epoch would end at 70 s, but the next is large and ends at 100.
    done = history(10, 10, 10, 10, 10, 10)
    assert not training._next_epoch_passes_limit(done, REQUEST, RECIPE)
    assert training._next_epoch_passes_limit(done, replace(REQUEST, time_limit_seconds=99), RECIPE)


def test_first_epoch_is_trained_whatever_the_limit() -> None:
    assert not training._next_epoch_passes_limit([], replace(REQUEST, time_limit_seconds=1), RECIPE)
