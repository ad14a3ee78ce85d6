"""Read a *world*: a folder of photos of one city's sights with their true boxes.

`manifest.csv` is read as people and spreadsheets write it: any order and case of its columns, commas
or semicolons, UTF-8 or what else Excel saves. A photo may lie on its side, as cameras store it: its
width and height say whether boxes are meant on the picture as stored, or upright.

The stand-ins show a world to the pipeline as the real services would show a real city. The
pipeline itself never reads one: `manifest.csv` is the truth that its results are measured against.
"""

import csv
import io
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from PIL import Image, UnidentifiedImageError

from sandbox.files import read_saved_text
from sandbox.world.upright import orientation_of, upright_corners, upright_size

MANIFEST = "manifest.csv"
# A photo that shows no sight has one row with this in place of a sight's name, and no box.
BACKGROUND = "background"
COLUMNS = ("file", "sight", "city", "x1", "y1", "x2", "y2", "width", "height")
# Boxes are often written with one decimal: half a pixel beyond the edge is rounding, not an error.
EDGE_TOLERANCE_PIXELS = 0.5
DELIMITERS = ",;\t"


class WorldError(ValueError):
    """A folder is not a world; the message says what is wrong with it and what to do."""


@dataclass(frozen=True, slots=True)
class WorldBox:
    """Where a sight is in a photo, in pixels from the top left corner, y down."""

    sight: str
    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class WorldPhoto:
    """One photo: `file` as the manifest names it, `path` where it is, size in upright pixels."""

    file: str
    path: Path
    width: int
    height: int
    boxes: tuple[WorldBox, ...]


@dataclass(frozen=True, slots=True)
class World:
    """One city in photos, in the order of its manifest."""

    folder: Path
    city: str
    photos: tuple[WorldPhoto, ...]
    backgrounds: tuple[WorldPhoto, ...] = ()
    # Another world, all of whose photos are backgrounds of this one.
    elsewhere: Self | None = None
    # Other cities that the stand-ins know as well as this one.
    neighbours: tuple[Self, ...] = ()

    @property
    def cities(self) -> tuple[Self, ...]:
        """Give this city and its neighbours, each a world of its own."""
        return (self, *self.neighbours)

    @property
    def sights(self) -> tuple[str, ...]:
        """Name every sight of the world once, sorted."""
        return tuple(sorted({box.sight for photo in self.photos for box in photo.boxes}))

    def photos_of(self, sight: str) -> tuple[WorldPhoto, ...]:
        """Give the photos that show this sight, also those that show others beside it."""
        return tuple(
            photo for photo in self.photos if any(box.sight == sight for box in photo.boxes)
        )


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    file: str
    city: str
    size: tuple[int, int]
    box: WorldBox

    @property
    def is_background(self) -> bool:
        """Tell whether it says that its photo shows no sight."""
        return self.box.sight.casefold() == BACKGROUND


def load_world(
    folder: Path, elsewhere: Path | None = None, neighbours: Iterable[Path] = ()
) -> World:
    """Read a world folder, another one whose photos are to be backgrounds, and those of other cities.

    Raises `WorldError` unless each folder has a manifest of the expected columns, of one city,
    whose photos exist, are images of the stated size, and hold their boxes, and no two cities or
    sights have one name.
    """
    rows = list(_read_rows(_find_manifest(folder)))
    if not rows:
        msg = (
            f"{folder / MANIFEST} has no rows, expected one row per box; "
            "list the photos in it or draw a world with: python -m sandbox.world.drawing FOLDER"
        )
        raise WorldError(msg)
    photos = tuple(_group_photos(folder, rows))
    if all(photo.boxes == () for photo in photos):
        msg = f"{folder / MANIFEST} shows no sight, only backgrounds; add photos of a sight"
        raise WorldError(msg)
    world = World(
        folder,
        _the_one_city(folder, rows),
        tuple(photo for photo in photos if photo.boxes),
        tuple(photo for photo in photos if not photo.boxes),
        None if elsewhere is None else load_world(elsewhere),
        tuple(load_world(other) for other in neighbours),
    )
    _check_names(world)
    return world


def write_manifest(folder: Path, city: str, photos: Iterable[WorldPhoto]) -> None:
    """Write `manifest.csv` for photos that are already in the folder."""
    with (folder / MANIFEST).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        for photo in photos:
            if not photo.boxes:
                writer.writerow(
                    (photo.file, BACKGROUND, city, "", "", "", "", photo.width, photo.height)
                )
            for box in photo.boxes:
                corners = (f"{value:g}" for value in (box.x1, box.y1, box.x2, box.y2))
                writer.writerow((photo.file, box.sight, city, *corners, photo.width, photo.height))


def _find_manifest(folder: Path) -> Path:
    remedy = (
        "name a folder with a manifest.csv or draw one with: python -m sandbox.world.drawing FOLDER"
    )
    if not folder.is_dir():
        msg = f"no world at {folder}: expected a folder of photos; {remedy}"
        raise WorldError(msg)
    manifest = folder / MANIFEST
    if not manifest.is_file():
        state = "has no" if any(folder.iterdir()) else "is empty: it has no"
        msg = f"{folder} {state} {MANIFEST}, expected one beside the photos; {remedy}"
        raise WorldError(msg)
    return manifest


def _read_rows(manifest: Path) -> Iterator[_Row]:
    try:
        text = read_saved_text(manifest)
        lines = [line for line in text.splitlines() if line.strip()]
        # Excel tells itself the delimiter in a line of its own.
        heading = next((line for line in lines if not line.startswith("sep=")), "")
        delimiter = max(DELIMITERS, key=heading.count)
        stream = io.StringIO(text, newline="")
        reader = csv.reader(stream, delimiter=delimiter, skipinitialspace=True, strict=True)
        columns: Sequence[str] = ()
        for cells in reader:
            row = [unicodedata.normalize("NFC", " ".join(cell.split())) for cell in cells]
            if not any(row) or (not columns and row[0].startswith("sep=")):
                continue
            if columns:
                record = dict(zip(columns, row, strict=False))
                yield _read_row(manifest, reader.line_num, record, delimiter)
            else:
                columns = _check_columns(manifest, row)
        if not columns:
            _check_columns(manifest, [])
    except (UnicodeDecodeError, csv.Error) as error:
        msg = f"{manifest} cannot be read ({error}), expected UTF-8 CSV; save it as such"
        raise WorldError(msg) from error


def _check_columns(manifest: Path, cells: Sequence[str]) -> Sequence[str]:
    """Return the names of the columns in their order."""
    columns = [cell.lower() for cell in cells]
    if any(columns.count(column) != 1 for column in COLUMNS):
        msg = (
            f"{manifest} has the columns '{','.join(columns)}', "
            f"expected '{','.join(COLUMNS)}', each once; rename them"
        )
        raise WorldError(msg)
    return columns


def _read_row(manifest: Path, line: int, record: dict[str, str], delimiter: str) -> _Row:
    where = f"{manifest} line {line}"
    text = {column: record.get(column, "") for column in COLUMNS}
    is_background = text["sight"].casefold() == BACKGROUND
    if is_background:
        # Its box, if somebody drew one, is around nothing.
        text |= {"x1": "0", "y1": "0", "x2": "1", "y2": "1"}
    for column, value in text.items():
        if not value:
            msg = f"{where}: {column} is empty, expected a value; fill it in or drop the row"
            raise WorldError(msg)
        if column not in ("file", "sight", "city") and delimiter != ",":
            # Where semicolons part the cells, a comma is a decimal point.
            text[column] = value.replace(",", ".")
    try:
        x1, y1, x2, y2 = (float(text[column]) for column in ("x1", "y1", "x2", "y2"))
        width, height = (_whole(text[column]) for column in ("width", "height"))
    except ValueError as error:
        msg = f"{where}: {error}, expected pixels (a whole width and height); correct the row"
        raise WorldError(msg) from error
    box = WorldBox(text["sight"], x1, y1, x2, y2)
    _check_box(where, box, width, height)
    return _Row(line, text["file"], text["city"], (width, height), box)


def _whole(text: str) -> int:
    return int(float(text)) if float(text).is_integer() else int(text)


def _check_box(where: str, box: WorldBox, width: int, height: int) -> None:
    corners = f"({box.x1:g}, {box.y1:g}) to ({box.x2:g}, {box.y2:g})"
    # Written as "not inside" so that NaN, for which every comparison is false, is refused too.
    inside = (
        min(box.x1, box.y1) >= -EDGE_TOLERANCE_PIXELS
        and box.x2 <= width + EDGE_TOLERANCE_PIXELS
        and box.y2 <= height + EDGE_TOLERANCE_PIXELS
    )
    if not inside:
        msg = (
            f"{where}: box {corners} lies outside the picture, expected it within "
            f"{width} x {height} pixels; clip the box or correct the size"
        )
        raise WorldError(msg)
    if not (box.x1 < box.x2 and box.y1 < box.y2):
        msg = f"{where}: box {corners} has no area, expected x1 < x2 and y1 < y2; correct the row"
        raise WorldError(msg)


def _the_one_city(folder: Path, rows: list[_Row]) -> str:
    cities = sorted({row.city for row in rows})
    if len(cities) > 1:
        msg = (
            f"{folder / MANIFEST} names {len(cities)} cities ({', '.join(cities)}), "
            "expected one; put each city into a world of its own"
        )
        raise WorldError(msg)
    return cities[0]


def _check_names(world: World) -> None:
    """Refuse what Commons would take for one: its files and categories bear these names."""
    names = [name for city in world.cities for name in (city.city, *city.sights)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        msg = (
            f"two of the worlds {', '.join(str(city.folder) for city in world.cities)} have "
            f"{', '.join(twice)}, expected names that only one of them has; rename them in one"
        )
        raise WorldError(msg)


def _group_photos(folder: Path, rows: list[_Row]) -> Iterator[WorldPhoto]:
    by_path: dict[Path, list[_Row]] = {}
    for row in rows:
        by_path.setdefault(_find_photo(folder, row), []).append(row)
    for path, rows_of_photo in by_path.items():
        boxes: list[WorldBox] = []
        if len({row.is_background for row in rows_of_photo}) > 1:
            row = rows_of_photo[0]
            msg = (
                f"{folder / MANIFEST} line {row.line}: {row.file} is a background and shows a sight, "
                "too; drop one of its rows"
            )
            raise WorldError(msg)
        for row in rows_of_photo:
            size, box = _upright(folder, path, row)
            # A row twice is one box: two would make a perfect detector miss half of them.
            if box not in boxes and not row.is_background:
                boxes.append(box)
        yield WorldPhoto(rows_of_photo[0].file, path, *size, tuple(boxes))


def _find_photo(folder: Path, row: _Row) -> Path:
    """Return where a photo is: under its name, or under the same in another case or form of Unicode."""
    path = folder / row.file
    where = f"{folder / MANIFEST} line {row.line}"
    if not path.resolve().is_relative_to(folder.resolve()):
        msg = f"{where}: {row.file} lies outside the world; move the photo into {folder}"
        raise WorldError(msg)
    if path.is_file():
        return path
    siblings = path.parent.iterdir() if path.parent.is_dir() else ()
    alike = [file for file in siblings if _name_key(file.name) == _name_key(path.name)]
    if len(alike) != 1:
        msg = f"{where}: no file {path}; add the photo or drop the row"
        raise WorldError(msg)
    return alike[0]


def _name_key(name: str) -> str:
    return " ".join(
        unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()).split()
    )


def _upright(folder: Path, path: Path, row: _Row) -> tuple[tuple[int, int], WorldBox]:
    """Return the size of the upright photo, and where the row's box is on it."""
    where = f"{folder / MANIFEST} line {row.line}"
    try:
        # Opening reads the header only: cheap for thousands of photos.
        with Image.open(path) as image:
            stored, orientation = image.size, orientation_of(image)
    except (UnidentifiedImageError, OSError) as error:
        msg = f"{where}: {path} is no image that can be read; replace it or drop the row"
        raise WorldError(msg) from error
    shown = upright_size(stored, orientation)
    if row.size not in (stored, shown):
        also = "" if stored == shown else f" ({shown[0]} x {shown[1]} upright)"
        msg = (
            f"{where}: {path} measures {stored[0]} x {stored[1]} pixels{also}, but the manifest "
            f"says {row.size[0]} x {row.size[1]}; correct width, height and the boxes"
        )
        raise WorldError(msg)
    box = row.box
    if row.size == stored:
        corners = upright_corners((box.x1, box.y1, box.x2, box.y2), stored, orientation)
        box = WorldBox(box.sight, *corners)
    return shown, box
