"""How fast photos are inspected, in how much memory, and how many pass for a face.

    make bench-clean-photos PHOTOS=<folder>

PHOTOS are of sights, as for bench-near-duplicates: whoever is rejected as a face is so in error.
"""

import argparse
import io
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image

from benchmarks.near_duplicates import peak_megabytes, photos_of
from benchmarks.report import Row, publish
from sightscan.crawl.clean.clean import inspect_photo
from sightscan.crawl.fetch.fetcher import PhotoRefusedError
from sightscan.decoding import MAX_PIXELS
from sightscan.settings import Settings

MIN_SIDE_PIXELS = 200
# Four bytes a pixel for the picture, the same again for the copy that is turned or converted; and
# the files themselves.
MAX_MEGABYTES = 2 * 4 * MAX_PIXELS / 1_000_000 + 50
THREADS = 4


def outcome(content: bytes, rejected_face_share: float | None) -> str:
    """Return the reason for which a photo is refused, "kept" if it is not."""
    try:
        inspect_photo(content, MIN_SIDE_PIXELS, rejected_face_share)
    except PhotoRefusedError as error:
        return error.reason
    return "kept"


def largest_photo() -> bytes:
    """Return a photo of the most pixels that are allowed, that has to be turned."""
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    side = int(MAX_PIXELS**0.5)
    Image.new("RGB", (side, side), (90, 140, 33)).save(buffer, "JPEG", exif=exif)
    return buffer.getvalue()


def photos_per_second(photos: list[bytes], rejected_face_share: float | None) -> float:
    """Return how many photos one thread inspects in a second."""
    started = time.monotonic()
    for content in photos:
        outcome(content, rejected_face_share)
    return len(photos) / (time.monotonic() - started)


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path, help="a world, or one folder of photos per sight")
    files = photos_of(parser.parse_args().photos)
    if not files:
        parser.error("no photo is there: expected manifest.csv, or one folder per sight")
    photos = [file.read_bytes() for _, file in files]
    share: float = Settings.model_fields["crawl_face_share"].default
    outcomes = [outcome(content, share) for content in photos]
    rates = [photos_per_second(photos, rejected) for rejected in (share, None)]
    # The memory of this process is that of what was decoded so far: the largest come last.
    before = peak_megabytes()
    largest = largest_photo()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(outcome, [largest] * THREADS, [None] * THREADS))
    return publish(
        "clean_photos",
        [
            Row("photos of sights", len(photos)),
            Row("kept", outcomes.count("kept")),
            Row.at_most(
                "rejected as a face", outcomes.count("mostly_a_face") / len(photos), "", 0.02
            ),
            Row("inspected by one thread", rates[0], "photos/s"),
            Row("the same without the face filter", rates[1], "photos/s"),
            Row.at_most(
                f"memory for {THREADS} of the largest at once",
                peak_megabytes() - before,
                "MB",
                MAX_MEGABYTES,
            ),
        ],
    )


if __name__ == "__main__":
    sys.exit(main())
