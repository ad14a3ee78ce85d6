"""Reading a world: what is accepted, and how what is not is explained."""

import unicodedata
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


def test_photo_without_a_sight_is_a_background_and_is_written_back(folder: Path) -> None:
    Image.new("RGB", (64, 48), "navy").save(folder / "b.jpg")
    with (folder / "manifest.csv").open("a", encoding="utf-8") as manifest:
        manifest.write("b.jpg,Background,Aldea,,,,,64,48\n")
    world = load_world(folder)
    street = WorldPhoto("b.jpg", folder / "b.jpg", 64, 48, ())
    assert (world.backgrounds, world.sights, len(world.photos)) == ((street,), ("Tower",), 1)
    write_manifest(folder, "Aldea", [*world.photos, *world.backgrounds])
    assert load_world(folder) == world


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        (ROW + "a.jpg,background,Aldea,,,,,64,48\n", "is a background and shows a sight"),
        ("a.jpg,background,Aldea,,,,,64,48\n", "shows no sight"),
        ("a.jpg,background,Aldea,,,,,,48\n", "width is empty"),
    ],
)
def test_background_that_cannot_be_meant_is_refused(
    folder: Path, rows: str, complaint: str
) -> None:
    (folder / "manifest.csv").write_text(HEADER + rows, encoding="utf-8")
    with pytest.raises(WorldError, match=complaint):
        load_world(folder)


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


TABLE = HEADER + ROW.replace("Tower", "Torre Alvór")
WITH_SEMICOLONS = TABLE.replace(",", ";").replace(";1;", ";1,5;")
MANIFESTS = {
    "byte order mark": TABLE.encode("utf-8-sig"),
    "UTF-16": TABLE.replace(",", "\t").encode("utf-16"),
    "UTF-16 without a mark": TABLE.encode("utf-16-le"),
    "cp1252": TABLE.encode("cp1252"),
    "CRLF": TABLE.replace("\n", "\r\n").encode(),
    "semicolons": TABLE.replace(",", ";").encode(),
    "delimiter said": b"sep=;\r\n" + TABLE.replace(",", ";").encode(),
    "spaces": TABLE.replace(",", ", ").encode(),
    "quoted": TABLE.replace("Torre Alvór", '"Torre Alvór"').encode(),
    "quoted after a space": TABLE.replace("Torre Alvór", ' "Torre Alvór"').encode(),
    "capitals": TABLE.replace(HEADER, HEADER.upper()).encode(),
    "other order": b"height,width,y2,x2,y1,x1,city,sight,file\n48,64,40,30,2,1,Aldea,"
    + "Torre Alvór,a.jpg\n".encode(),
    "further columns": TABLE.replace("height\n", "height,note\n")
    .replace("48\n", "48,mine\n")
    .encode(),
    "empty rows": TABLE.replace("\n", "\n\n,,,,,,,,\n").encode(),
    "a row twice": (TABLE + TABLE.removeprefix(HEADER)).encode(),
    "whole sizes as decimals": TABLE.replace("64,48", "64.0,48.0").encode(),
    "name in capitals": TABLE.replace("a.jpg", "A.JPG").encode(),
    "two spellings of one name": (TABLE + TABLE.removeprefix(HEADER).replace("a.", "A.")).encode(),
    "sight in both forms of Unicode": (
        TABLE + unicodedata.normalize("NFD", TABLE).removeprefix(HEADER)
    ).encode(),
}


@pytest.mark.parametrize("case", MANIFESTS)
def test_manifest_is_read_as_people_write_it(folder: Path, case: str) -> None:
    (folder / "manifest.csv").write_bytes(MANIFESTS[case])
    world = load_world(folder)
    (photo,) = world.photos
    assert world.city == "Aldea"
    assert (photo.path.name, photo.width, photo.height) == ("a.jpg", 64, 48)
    assert photo.boxes == (WorldBox("Torre Alvór", 1, 2, 30, 40),)


def test_comma_between_semicolons_is_a_decimal_point(folder: Path) -> None:
    (folder / "manifest.csv").write_text(WITH_SEMICOLONS, encoding="utf-8")
    assert load_world(folder).photos[0].boxes == (WorldBox("Torre Alvór", 1.5, 2, 30, 40),)


def test_name_in_the_other_form_of_unicode_is_found(folder: Path) -> None:
    (folder / "a.jpg").rename(folder / "e\u0301.jpg")
    (folder / "manifest.csv").write_text(HEADER + ROW.replace("a.jpg", "\u00e9.jpg"), "utf-8")
    assert load_world(folder).photos[0].path == folder / "e\u0301.jpg"


def test_quote_that_is_never_closed_is_explained(folder: Path) -> None:
    (folder / "manifest.csv").write_text(HEADER + ROW.replace("Tower", '"Tower') + ROW)
    with pytest.raises(WorldError, match="expected UTF-8 CSV"):
        load_world(folder)


STORED = {  # how upright pixels were turned before they were stored, by EXIF's orientation
    1: None, 2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE",
    6: "ROTATE_90", 7: "TRANSVERSE", 8: "ROTATE_270",
}  # fmt: skip


@pytest.mark.parametrize("orientation", STORED)
def test_photo_on_its_side_has_its_boxes_upright(folder: Path, orientation: int) -> None:
    upright = Image.new("RGB", (64, 48), "white")
    upright.paste((255, 0, 0), (8, 4, 24, 32))
    turn = STORED[orientation]
    stored = upright.transpose(Image.Transpose[turn]) if turn else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(folder / "a.png", exif=exif)
    red = Image.eval(stored.getchannel(1), lambda level: 255 - level).getbbox()
    size = f"{stored.width},{stored.height}"
    assert red is not None
    row = f"a.png,Tower,Aldea,{','.join(map(str, red))},{size}\n"
    (folder / "manifest.csv").write_text(HEADER + row)
    (photo,) = load_world(folder).photos
    assert (photo.width, photo.height, photo.boxes) == (64, 48, (WorldBox("Tower", 8, 4, 24, 32),))


def test_manifest_may_mean_the_upright_photo(folder: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (48, 64)).save(folder / "a.jpg", exif=exif)
    assert load_world(folder).photos[0].boxes == (WorldBox("Tower", 1, 2, 30, 40),)
    (folder / "manifest.csv").write_text(HEADER + ROW.replace("64,48", "64,47"))
    with pytest.raises(WorldError, match=r"measures 48 x 64 pixels \(64 x 48 upright\)"):
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


def test_cities_of_one_world_have_no_name_in_common(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    Image.new("RGB", (64, 48), "navy").save(other / "a.jpg")
    row = ROW.replace("Aldea", "Serra")
    (other / "manifest.csv").write_text(HEADER + row, encoding="utf-8")
    with pytest.raises(WorldError, match="have Tower, expected names that only one of them has"):
        load_world(folder, neighbours=[other])
    (other / "manifest.csv").write_text(HEADER + row.replace("Tower", "Arch"), encoding="utf-8")
    world = load_world(folder, neighbours=[other])
    assert [(city.city, city.sights) for city in world.cities] == [
        ("Aldea", ("Tower",)),
        ("Serra", ("Arch",)),
    ]
