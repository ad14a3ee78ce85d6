"""How many copies of real photos are found, what is taken for a copy, and how long 100,000 take.

    make bench-near-duplicates PHOTOS=<folder>

PHOTOS is a world (a folder with manifest.csv, which names each photo's sight) or a folder with one
folder of photos per sight.
"""

import argparse
import csv
import itertools
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.photo_variants import COPIES, STRONGER, Variant
from benchmarks.report import Row, publish
from sightscan.crawl.dedupe.near_duplicates import hash_words, near_pairs, smallest_of_components
from sightscan.crawl.dedupe.perceptual_hash import perceptual_hash
from sightscan.settings import Settings

HASHES = 100_000
# Of a city of 100,000 photos, what a crawl of a day adds.
NEW_HASHES = 2_000
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
SEED = 7


def photos_of(folder: Path) -> list[tuple[str, Path]]:
    """Return (sight, file) of each photo in a folder."""
    manifest = folder / "manifest.csv"
    if manifest.exists():
        with manifest.open(newline="") as lines:
            named = {row["file"]: row["sight"] for row in csv.DictReader(lines)}
        return [(sight, folder / file) for file, sight in named.items()]
    files = sorted(file for file in folder.glob("*/*") if file.suffix.lower() in SUFFIXES)
    return [(file.parent.name, file) for file in files]


def bits(one: bytes, other: bytes) -> int:
    """Return in how many bits two hashes differ."""
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()


def quality_rows(photos: Sequence[tuple[str, Path]], max_bits: int) -> list[Row]:
    """Measure recall over copies of photos, and precision against pairs of different ones."""
    random = np.random.default_rng(SEED)
    names = {**COPIES, **STRONGER}
    found = dict.fromkeys(names, 0)
    hashes: list[bytes] = []
    for number, (_, file) in enumerate(photos):
        with Image.open(file) as opened:
            photo = opened.convert("RGB")
        original = perceptual_hash(photo)
        hashes.append(original)
        for name, variant in names.items():
            found[name] += bits(original, _hash_of(variant, photo, random)) <= max_bits
        if sys.stderr.isatty():
            print(f"\r{number + 1} of {len(photos)} photos", end="", file=sys.stderr)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    sights = [sight for sight, _ in photos]
    pairs = [
        (sights[one] == sights[other], bits(hashes[one], hashes[other]))
        for one, other in itertools.combinations(range(len(photos)), 2)
    ]
    of_same_sight = [differing for is_same, differing in pairs if is_same]
    of_others = [differing for is_same, differing in pairs if not is_same]
    true = sum(found[name] for name in COPIES)
    false = sum(differing <= max_bits for differing in of_same_sight)
    return [
        Row("photos", len(photos)),
        Row("threshold", max_bits, "bits"),
        *(Row(f"found: {name}", found[name] / len(photos)) for name in names),
        Row.at_least(
            f"recall over the first {len(COPIES)}", true / len(COPIES) / len(photos), "", 0.95
        ),
        Row("pairs of different photos of a sight", len(of_same_sight)),
        Row("of them taken for copies", false),
        Row("the least they differ in", min(of_same_sight, default=256), "bits"),
        Row("pairs of photos of different sights", len(of_others)),
        Row("of these taken for copies", sum(differing <= max_bits for differing in of_others)),
        Row.at_least("precision", true / max(true + false, 1), "", 0.98),
    ]


def _hash_of(variant: Variant, photo: Image.Image, random: np.random.Generator) -> bytes:
    return perceptual_hash(variant(photo, random))


def speed_rows(max_bits: int) -> list[Row]:
    """Measure comparing 100,000 hashes, a thousand of them copies, and a few new ones with them."""
    random = np.random.default_rng(SEED)
    words = random.integers(0, 2**64, (HASHES, 4), dtype=np.uint64)
    words[:1_000, 1:] = words[-1_000:, 1:]
    words[:1_000, 0] = words[-1_000:, 0] ^ np.uint64(0b1011)
    started, used = time.monotonic(), time.process_time()
    joined = smallest_of_components(near_pairs(words, HASHES, max_bits))
    seconds, cpu_seconds = time.monotonic() - started, time.process_time() - used
    started = time.monotonic()
    smallest_of_components(
        near_pairs(hash_words([bytes(row) for row in words]), NEW_HASHES, max_bits)
    )
    return [
        Row.below(f"clustering {HASHES:,} hashes", seconds, "s", 60),
        Row("processor time of it", cpu_seconds, "s"),
        Row.at_least("photos in clusters of them", len(joined), "", 2_000),
        Row(f"{NEW_HASHES:,} new ones against all", time.monotonic() - started, "s"),
        Row("most memory of this process", peak_megabytes(), "MB"),
    ]


def peak_megabytes() -> float:
    """Return the most memory that this process ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path, help="a world, or one folder of photos per sight")
    photos = photos_of(parser.parse_args().photos)
    if not photos:
        parser.error("no photo is there: expected manifest.csv, or one folder per sight")
    max_bits: int = Settings.model_fields["near_duplicate_bits"].default
    return publish("near_duplicates", [*quality_rows(photos, max_bits), *speed_rows(max_bits)])


if __name__ == "__main__":
    sys.exit(main())
