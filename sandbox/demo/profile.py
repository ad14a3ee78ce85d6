"""What the demo sets differently from production, in sight of the reader.

Its worlds are small and its trainer has two CPU cores, so it asks for fewer photos, a smaller
network and smaller pictures. Everything else is the default of `.env.example`.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class DemoProfile:
    """Settings by name, and why."""

    name: str
    settings: dict[str, str]


def profile_for(weights: Path | None) -> DemoProfile:
    """Choose how to train: from nothing on drawn pictures, or from given weights on photos."""
    common = {
        # One small world is one small city: a cap that can be seen to hold.
        "MAX_GOOGLE_VISION_CALLS_PER_NEW_CITY": "700",
        "MAX_IMAGES_PER_SIGHT": "120",
        # The stand-in of Openverse has the same photos, and its 20 searches a minute take minutes.
        "PHOTO_SOURCES": "wikimedia_commons",
        # The stand-in is on this machine: nobody needs to be spared.
        "CRAWL_REQUESTS_PER_SECOND": "0",
        "CRAWL_REQUESTS_AT_ONCE": "4",
        # The smallest network of the family: two cores instead of a GPU.
        "MTS_ARCHITECTURE": "yolov5n",
        "MTS_TIME_LIMIT_SECONDS": "1500",
        "MTS_HOST_TIMEOUT_SECONDS": "60",
        "MTS_CHECK_INTERVAL_SECONDS": "1",
    }
    if weights is None:
        return DemoProfile(
            "from nothing",
            common
            | {
                "MIN_LABELLED_IMAGES_NEEDED_FOR_TRAINING": "100",
                "MIN_IMAGE_NUMBER_PER_LABEL": "30",
                "MTS_EPOCHS": "40",
                "MTS_IMAGE_SIZE": "224",
                "MTS_BATCH_SIZE": "8",
                # The demo asks nobody on the internet, so it has no weights of COCO; drawn
                # pictures are learnt without.
                "MTS_WEIGHTS": "none",
            },
        )
    return DemoProfile(
        f"from {weights.name}",
        common
        | {
            # A hundred and fifty photos of six sights are what a small world has.
            "MIN_LABELLED_IMAGES_NEEDED_FOR_TRAINING": "60",
            "MIN_IMAGE_NUMBER_PER_LABEL": "10",
            "MTS_EPOCHS": "20",
            "MTS_IMAGE_SIZE": "320",
            "MTS_BATCH_SIZE": "8",
            "MTS_WEIGHTS": str(weights.resolve()),
        },
    )
