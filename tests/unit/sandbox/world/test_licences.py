"""Which licence and author a photo of the sandbox has."""

from pathlib import Path

import pytest

from sandbox.world.licences import LICENCES, attribution_of
from sandbox.world.world import World, WorldPhoto

PHOTOS = tuple(WorldPhoto(f"{n}.jpg", Path(f"{n}.jpg"), 10, 10, ()) for n in range(60))


def test_every_licence_occurs_where_none_is_stated(tmp_path: Path) -> None:
    world = World(tmp_path, "Nowhere", PHOTOS)
    assert {attribution_of(world, photo).licence for photo in PHOTOS} == set(LICENCES)


def test_same_file_keeps_its_attribution(tmp_path: Path) -> None:
    world = World(tmp_path, "Nowhere", PHOTOS)
    assert attribution_of(world, PHOTOS[3]) == attribution_of(world, PHOTOS[3])


def test_licence_that_the_world_states_holds_for_all_photos(tmp_path: Path) -> None:
    folder = tmp_path / "old_town"
    folder.mkdir()
    (folder / "README.md").write_text("Published under CC BY 4.0.", encoding="utf-8")
    world = World(folder, "Nowhere", PHOTOS)
    found = {(a.licence.short_name, a.author) for a in (attribution_of(world, p) for p in PHOTOS)}
    assert found == {("CC BY 4.0", "Old Town contributors")}


@pytest.mark.parametrize(
    ("short_name", "code", "version"),
    [("CC BY-SA 3.0", "by-sa", "3.0"), ("CC0", "cc0", "1.0"), ("Public domain", "pdm", "1.0")],
)
def test_openverse_names_the_same_licence_differently(
    short_name: str, code: str, version: str
) -> None:
    licence = next(licence for licence in LICENCES if licence.short_name == short_name)
    assert (licence.openverse_code, licence.version) == (code, version)
