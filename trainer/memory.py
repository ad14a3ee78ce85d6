"""What happens when a batch does not fit into memory: it is halved, down to one photo."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch

from trainer.errors import OutOfMemory, TrainerError
from trainer.progress import say

# Of errors that are plain RuntimeErrors: CUDA's libraries and the allocator of the CPU say so.
_WORDS = ("out of memory", "alloc_failed", "can't allocate memory", "not enough memory")

_Made = TypeVar("_Made")


class BatchTooLarge(TrainerError):
    """A batch does not fit into memory."""

    def __init__(self, batch_size: int, reason: str) -> None:
        super().__init__(reason)
        self.batch_size = batch_size


def halve_until_it_fits(batch_size: int, make: Callable[[int], _Made]) -> _Made:
    """Return what `make` makes of a batch size, or of the first half, quarter ... that fits.

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
        say(f"out of memory with batches of {too_large}: going on with batches of {batch_size}")


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
