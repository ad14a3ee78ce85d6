"""Reading a world: what is accepted, and how what is not is explained."""

from pathlib import Path

import pytest
from PIL import Image

from sandbox.world.world import WorldBox, WorldError, WorldPhoto, load_world, write_manifest

HEADER = "file,sight,city,x1,y1,x2,y2,width,height\n"
ROW = "a.jpg,Tower,Aldea,1,2,30,40,64,48\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a world of one photo."""
    Image.new("RGB", (64, 48), "teal").save(tmp_path / "a.jpg")
    (tmp_path / "manifest.csv").write_text(HEADER + ROW, encoding="utf-8")
    return tmp_path


def test_world_has_the_manifests_boxes(folder: Path) -> None:
    world = load_world(folder)
    assert world.city == "Aldea"
    assert world.photos == (
        WorldPhoto("a.jpg", folder / "a.jpg", 64, 48, (WorldBox("Tower", 1, 2, 30, 40),)),
    )


def test_photo_of_two_sights_is_one_photo_of_each(folder: Path) -> None:
    with (folder / "manifest.csv").open("a", encoding="utf-8") as manifest:
        manifest.write("a.jpg,Arch,Aldea,40,2,60,40,64,48\n")
    world = load_world(folder)
    assert world.sights == ("Arch", "Tower")
    assert world.photos_of("Arch") == world.photos_of("Tower") == world.photos


def test_written_manifest_is_read_back(folder: Path) -> None:
    box = WorldBox("Água, à vista", 0.5, 0, 63.5, 47.9)
    photo = WorldPhoto("a.jpg", folder / "a.jpg", 64, 48, (box,))
    write_manifest(folder, "Aldeia", [photo])
    assert load_world(folder).photos == (photo,)


def test_manifest_with_byte_order_mark_is_read(folder: Path) -> None:
    (folder / "manifest.csv").write_text(HEADER + ROW, encoding="utf-8-sig")
    assert load_world(folder).city == "Aldea"


@pytest.mark.parametrize(
    ("manifest", "complaint"),
    [
        ("", "has the columns ''"),
        ("file,sight,city,x,y,w,h,width,height\n" + ROW, "expected 'file,sight,city,x1"),
        (HEADER, "has no rows"),
        (HEADER + ROW.replace(",30,", ",thirty,"), "could not convert string to float: 'thirty'"),
        (HEADER + ROW.replace(",64,", ",64.5,"), "'64.5', expected pixels"),
        (HEADER + ROW.replace("Tower", ""), "sight is empty"),
        (HEADER + "a.jpg,Tower,Aldea,1,2\n", "x2 is empty"),
        (HEADER + ROW.replace(",30,", ",65,"), "lies outside the picture"),
        (HEADER + ROW.replace(",1,2,", ",-3,2,"), "lies outside the picture"),
        (HEADER + ROW.replace(",30,", ",nan,"), "lies outside the picture"),
        (HEADER + ROW.replace(",30,", ",1,"), "has no area"),
        (HEADER + ROW.replace("a.jpg", "b.jpg"), "no file"),
        (HEADER + ROW.replace("a.jpg", "../a.jpg"), "lies outside the world"),
        (HEADER + ROW + ROW.replace("Aldea", "Bruma"), "names 2 cities (Aldea, Bruma)"),
        (HEADER + ROW.replace(",64,48", ",80,60"), "measures 64 x 48 pixels"),
    ],
)
def test_wrong_manifest_is_explained(folder: Path, manifest: str, complaint: str) -> None:
    (folder / "manifest.csv").write_text(manifest, encoding="utf-8")
    with pytest.raises(WorldError) as caught:
        load_world(folder)
    assert complaint in str(caught.value)


def test_error_names_the_line(folder: Path) -> None:
    (folder / "manifest.csv").write_text(HEADER + ROW + ROW.replace(",30,", ",99,"))
    with pytest.raises(WorldError, match=r"manifest\.csv line 3"):
        load_world(folder)


def test_manifest_that_is_not_utf8_is_explained(folder: Path) -> None:
    (folder / "manifest.csv").write_bytes(
        (HEADER + ROW).replace("Aldea", "Málaga").encode("cp1252")
    )
    with pytest.raises(WorldError, match="expected UTF-8"):
        load_world(folder)


def test_file_that_is_no_image_is_explained(folder: Path) -> None:
    (folder / "a.jpg").write_text("<html>not found</html>")
    with pytest.raises(WorldError, match="is no image that can be read"):
        load_world(folder)


def test_missing_folder_is_explained(tmp_path: Path) -> None:
    with pytest.raises(WorldError, match=r"no world at .*nowhere"):
        load_world(tmp_path / "nowhere")


def test_empty_folder_is_explained(tmp_path: Path) -> None:
    with pytest.raises(WorldError, match=r"is empty: it has no manifest\.csv"):
        load_world(tmp_path)
