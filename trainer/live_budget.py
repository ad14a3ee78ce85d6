"""Whether there is time left to try one more live variant, and to measure the one that is taken."""

import time
from dataclasses import dataclass

# So many photos tell how long one takes.
TIMED_PHOTOS = 50


@dataclass(frozen=True, slots=True)
class LiveBudget:
    """What passes take, by what the whole model took for a photo at its side, and until when there is time.

    `ends_at` by the clock of `time.monotonic`; `photo_seconds` with as many threads as `threads`,
    of which the passes have all, and the photos that are timed one.
    """

    ends_at: float
    image_size: int
    photo_seconds: float
    threads: int
    val_photos: int
    test_photos: int

    def allows(self, tried_side: int, finished_side: int) -> bool:
        """Tell whether a side can be tried on the val photos, and one then be measured on the test photos."""
        timed = min(self.test_photos, TIMED_PHOTOS)
        passes = (
            (tried_side, self.val_photos),
            (finished_side, self.test_photos - timed + timed * self.threads),
        )
        seconds = sum(
            photos * self.photo_seconds * (side / self.image_size) ** 2 for side, photos in passes
        )
        return time.monotonic() + seconds <= self.ends_at

    @property
    def is_over(self) -> bool:
        """Tell whether the time has passed."""
        return time.monotonic() > self.ends_at
