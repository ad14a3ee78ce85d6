"""What each epoch and each batch is to do: functions of their numbers and of what the epochs before took.

Nothing else is remembered, so that a resumed training goes on exactly as it would have gone on.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from trainer.progress import EpochRecord
from trainer.recipe import Recipe
from trainer.request import STRIDE_PIXELS, TrainingRequest

# The first epoch starts caches and processes; the second has the pace of all that follow.
MEASURED_EPOCHS = 2
_RECENT_EPOCHS = 5


@dataclass(frozen=True, slots=True)
class Schedule:
    """The plan of a training of `epochs` epochs: as many as were asked for, or as the time limit allows."""

    request: TrainingRequest
    recipe: Recipe
    epochs: int

    def image_size(self, epoch: int) -> int:
        """Return the side of the photos in an epoch: small ones first, a multiple of the largest stride."""
        if epoch >= self.epochs * self.recipe.small_first_fraction:
            return self.request.image_size
        share = self.recipe.small_first_scale
        return max(
            round(self.request.image_size * share / STRIDE_PIXELS) * STRIDE_PIXELS, STRIDE_PIXELS
        )

    def has_mosaics(self, epoch: int) -> bool:
        """Say whether an epoch is before the plain ones at the end."""
        return epoch < self.epochs * (1 - self.recipe.plain_last_fraction)

    def learning_rate(self, progress: float) -> float:
        """Return the rate after a part of the training (0..1), without warm-up: half a cosine."""
        last = self.recipe.final_learning_rate_fraction
        return self.recipe.learning_rate * (
            last + (1 - last) * (1 + math.cos(math.pi * progress)) / 2
        )

    def warmth(self, epoch: float) -> float:
        """Return how far the warm-up is, 0..1, after so many epochs."""
        return min(1.0, epoch / self._warmup_epochs)

    def batches_a_step(self, epoch: float) -> int:
        """Return how many batches are summed up to a step after so many epochs."""
        full = max(1, round(self.recipe.nominal_batch_size / self.request.batch_size))
        return max(1, round(1 + (full - 1) * self.warmth(epoch)))

    def expected_seconds(self, history: Sequence[EpochRecord], epoch: int) -> float:
        """Expect what the last epochs took, in proportion to the pixels: the late, large ones cost more."""
        size = self.image_size(epoch)
        expected = [
            record.seconds * (size / self.image_size(record.epoch - 1)) ** 2
            for record in history[-_RECENT_EPOCHS:]
        ]
        return sum(expected) / len(expected)

    def seconds_left(self, history: Sequence[EpochRecord]) -> float:
        """Expect how long the epochs take that are still to come."""
        return sum(
            self.expected_seconds(history, epoch) for epoch in range(len(history), self.epochs)
        )

    def next_epoch_passes_limit(self, history: Sequence[EpochRecord]) -> bool:
        """At least one epoch is always trained; then none that is expected to end after the limit."""
        if not history:
            return False
        done = sum(record.seconds for record in history)
        return done + self.expected_seconds(history, len(history)) > self.request.time_limit_seconds

    @property
    def _warmup_epochs(self) -> float:
        return min(self.recipe.warmup_epochs, self.epochs * 0.1)


def plan_training(
    request: TrainingRequest, recipe: Recipe, history: Sequence[EpochRecord]
) -> Schedule:
    """Plan all epochs that were asked for; from the second on, those that the time limit allows at its pace.

    A schedule that is cut at half would end at half the learning rate, on mosaics.
    """
    asked = Schedule(request, recipe, request.epochs)
    if len(history) < MEASURED_EPOCHS:
        return asked
    begun, pace = history[0].seconds, history[1].seconds
    # Pixels by epoch are relative to those of the measured one.
    pixels = asked.image_size(1) ** 2
    for epochs in range(request.epochs, MEASURED_EPOCHS, -1):
        plan = Schedule(request, recipe, epochs)
        small = max(math.ceil(epochs * recipe.small_first_fraction), MEASURED_EPOCHS)
        to_come = (small - MEASURED_EPOCHS) * plan.image_size(MEASURED_EPOCHS) ** 2
        to_come += (epochs - small) * request.image_size**2
        if begun + pace + pace * to_come / pixels <= request.time_limit_seconds:
            return plan
    return Schedule(request, recipe, min(request.epochs, MEASURED_EPOCHS))
