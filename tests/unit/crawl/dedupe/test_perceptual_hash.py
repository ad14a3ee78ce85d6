"""Copies share a perceptual hash; different photos, coloured or grey, do not."""

import io

import numpy as np
import pytest
from PIL import Image

from sightscan.crawl.dedupe.perceptual_hash import perceptual_hash


def picture(seed: int, mode: str = "RGB", size: tuple[int, int] = (480, 320)) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 255, (10, 12, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC).convert(mode)


def differing_bits(one: Image.Image, other: Image.Image) -> int:
    hashes = [int.from_bytes(perceptual_hash(image)) for image in (one, other)]
    return (hashes[0] ^ hashes[1]).bit_count()


def test_hash_has_256_bits() -> None:
    assert len(perceptual_hash(picture(1))) == 32


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_hash_survives_recompression_and_scaling(mode: str) -> None:
    buffer = io.BytesIO()
    picture(1, mode).resize((240, 160)).save(buffer, "JPEG", quality=40)
    with Image.open(buffer) as copy:
        assert differing_bits(picture(1, mode), copy) <= 20


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_hashes_of_different_photos_are_far_apart(mode: str) -> None:
    assert differing_bits(picture(1, mode), picture(2, mode)) > 90


def test_grey_photo_has_one_hash_in_any_mode() -> None:
    grey = picture(1, "L")
    assert perceptual_hash(grey) == perceptual_hash(grey.convert("RGB"))


def test_what_shows_through_is_white() -> None:
    clear = picture(1).convert("RGBA")
    clear.putalpha(0)
    assert perceptual_hash(clear) == perceptual_hash(Image.new("RGB", (48, 32), "white"))


def test_plain_picture_has_no_chance_in_its_hash() -> None:
    assert perceptual_hash(Image.new("RGB", (640, 480), (90, 140, 33))) == bytes(32)
