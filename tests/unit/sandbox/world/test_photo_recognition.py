"""A photo is recognised by its content, whatever was done to the file."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from sandbox.world.photo_copies import mirrored, near_copies_of, recompressed, scaled
from sandbox.world.photo_recognition import KnownPicture, PhotoRecogniser
from sandbox.world.world import World, WorldPhoto
from tests.cities.small_world import TOWER, draw_small_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return draw_small_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def recogniser(world: World) -> PhotoRecogniser:
    return PhotoRecogniser(world)


def recognised(recogniser: PhotoRecogniser, content: bytes) -> KnownPicture | None:
    with Image.open(io.BytesIO(content)) as picture:
        return recogniser.recognise(content, picture)


@pytest.mark.parametrize(
    "change",
    [
        lambda photo: photo.path.read_bytes(),
        lambda photo: scaled(photo.path.read_bytes(), 200),
        lambda photo: recompressed(photo, 30).content,
    ],
    ids=["as it is", "scaled", "recompressed"],
)
def test_changed_file_is_the_same_photo(
    world: World, recogniser: PhotoRecogniser, change: Callable[[WorldPhoto], bytes]
) -> None:
    found = [recognised(recogniser, change(photo)) for photo in world.photos]
    assert [known and known.boxes for known in found] == [photo.boxes for photo in world.photos]


def test_recompressed_copy_has_the_identity_of_its_photo(
    world: World, recogniser: PhotoRecogniser
) -> None:
    copy = near_copies_of(world, TOWER)[0]
    original = recognised(recogniser, copy.original.path.read_bytes())
    assert recognised(recogniser, copy.content) == original


def test_cropped_copy_has_its_boxes_moved(world: World, recogniser: PhotoRecogniser) -> None:
    copy = near_copies_of(world, TOWER)[1]
    known = recognised(recogniser, copy.content)
    assert known is not None
    left = round(copy.original.width * 0.03)
    assert known.boxes[0].x2 == copy.original.boxes[0].x2 - left


def test_unknown_picture_is_not_recognised(recogniser: PhotoRecogniser) -> None:
    buffer = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").save(buffer, "JPEG")
    assert recognised(recogniser, buffer.getvalue()) is None


def test_mirrored_photo_is_another_picture(world: World, recogniser: PhotoRecogniser) -> None:
    assert recognised(recogniser, mirrored(world.photos[0])) is None


def test_photos_are_read_only_when_needed(tmp_path: Path) -> None:
    photo = WorldPhoto("gone.jpg", tmp_path / "gone.jpg", 10, 10, ())
    PhotoRecogniser(World(tmp_path, "Nowhere", (photo,)))
