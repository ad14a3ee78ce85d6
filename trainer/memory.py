"""What happens when a batch does not fit into memory: it is halved, down to one photo."""

import copy
import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch
from torch import nn

from trainer.errors import OutOfMemory, TrainerError
from trainer.progress import say

# Of errors that are plain RuntimeErrors: CUDA's libraries and the allocator of the CPU say so.
_WORDS = ("out of memory", "alloc_failed", "can't allocate memory", "not enough memory")

# Enough steps for an epoch to teach something, also where memory would take all photos at once. A city
# with fewer photos than that has batches of the usual size all the same.
_MIN_BATCHES_AN_EPOCH = 16
_BATCH_SIZES = (64, 32, 16, 8, 4, 2, 1)
# Elsewhere than on a GPU, more photos at once are no faster.
_USUAL_BATCH_SIZE = 16
_PROBE_BATCH_SIZE = 2
# Of what is free: batches differ in their boxes, and libraries keep workspaces of their own.
_MEMORY_SHARE = 0.7

_Made = TypeVar("_Made")


class BatchTooLarge(TrainerError):
    """A batch does not fit into memory."""

    def __init__(self, batch_size: int, reason: str) -> None:
        super().__init__(reason)
        self.batch_size = batch_size


def halve_until_it_fits(batch_size: int, make: Callable[[int], _Made], of: str = "") -> _Made:
    """Return what `make` makes of a batch size, or of the first half, quarter ... that fits.

    `of` says what the batches are of, where that is not what is trained on.

    Raises:
        OutOfMemory: not even one photo at a time fits.

    """
    while True:
        try:
            return make(batch_size)
        except BatchTooLarge as error:
            too_large, reason = error.batch_size, str(error)
        # Out of the handler: the frames of the error hold what is to be freed.
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        batch_size = too_large // 2
        if batch_size == 0:
            msg = (
                f"the memory does not even take batches of 1 photo ({reason}); ask for smaller "
                "photos (image_size) or a smaller architecture, or for more memory"
            )
            raise OutOfMemory(msg)
        what = f"{too_large} {of}" if of else too_large
        say(f"out of memory with batches of {what}: going on with batches of {batch_size}")


def fitting_batch_size(network: nn.Module, image_size: int, photo_count: int) -> int:
    """Return how many photos to train on at once: on a GPU as many as fit by what two of them take."""
    device = next(network.parameters()).device
    if device.type != "cuda":
        return largest_batch_size(_USUAL_BATCH_SIZE, photo_count)
    probe = copy.deepcopy(network).train()
    photos = torch.zeros(_PROBE_BATCH_SIZE, 3, image_size, image_size, device=device)
    before = torch.cuda.memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    with batches_of(_PROBE_BATCH_SIZE), torch.autocast(device.type):
        torch.stack([each.float().mean() for each in probe(photos)]).sum().backward()  # type: ignore[no-untyped-call]
    a_photo = (torch.cuda.max_memory_allocated(device) - before) / _PROBE_BATCH_SIZE
    del probe, photos
    torch.cuda.empty_cache()
    free, _ = torch.cuda.mem_get_info(device)
    return largest_batch_size(free * _MEMORY_SHARE / a_photo, photo_count)


def largest_batch_size(fitting: float, photo_count: int) -> int:
    """Return the largest usual batch size of those that fit and leave an epoch of enough steps, or are at most 16."""
    steps_left = max(photo_count / _MIN_BATCHES_AN_EPOCH, _USUAL_BATCH_SIZE)
    return next((size for size in _BATCH_SIZES if size <= min(fitting, steps_left)), 1)


@contextmanager
def batches_of(batch_size: int) -> Iterator[None]:
    """Turn all the errors that say that memory ran out, of the GPU or of the machine, into one."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        text = " ".join(str(error).split())
        told = any(words in text.lower() for words in _WORDS)
        if not told and not isinstance(error, torch.OutOfMemoryError | MemoryError):
            raise
        raise BatchTooLarge(batch_size, text[:200] or type(error).__name__) from None
