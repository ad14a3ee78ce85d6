"""Read a *world*: a folder of photos of one city's sights with their true boxes.

The stand-ins show a world to the pipeline as the real services would show a real city. The
pipeline itself never reads one: `manifest.csv` is the truth that its results are measured against.
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

MANIFEST = "manifest.csv"
COLUMNS = ("file", "sight", "city", "x1", "y1", "x2", "y2", "width", "height")
# Boxes are often written with one decimal: half a pixel beyond the edge is rounding, not an error.
EDGE_TOLERANCE_PIXELS = 0.5


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
    """One photo: `file` as the manifest names it, `path` where it is, size in pixels."""

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


def load_world(folder: Path) -> World:
    """Read a world folder.

    Raises `WorldError` unless the folder has a manifest of the expected columns, of one city,
    whose photos exist, are images of the stated size, and hold their boxes.
    """
    rows = list(_read_rows(_find_manifest(folder)))
    if not rows:
        msg = (
            f"{folder / MANIFEST} has no rows, expected one row per box; "
            "list the photos in it or draw a world with: python -m sandbox.world.drawing FOLDER"
        )
        raise WorldError(msg)
    return World(folder, _the_one_city(folder, rows), tuple(_group_photos(folder, rows)))


def write_manifest(folder: Path, city: str, photos: Iterable[WorldPhoto]) -> None:
    """Write `manifest.csv` for photos that are already in the folder."""
    with (folder / MANIFEST).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        for photo in photos:
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
        # utf-8-sig: spreadsheets like to write a byte order mark.
        with manifest.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            columns = tuple(reader.fieldnames or ())
            if columns != COLUMNS:
                msg = (
                    f"{manifest} has the columns '{','.join(columns)}', "
                    f"expected '{','.join(COLUMNS)}'; rename or reorder them"
                )
                raise WorldError(msg)
            for record in reader:
                yield _read_row(manifest, reader.line_num, record)
    except (UnicodeDecodeError, csv.Error) as error:
        msg = f"{manifest} cannot be read ({error}), expected UTF-8 CSV; save it as such"
        raise WorldError(msg) from error


def _read_row(manifest: Path, line: int, record: dict[str, str | None]) -> _Row:
    where = f"{manifest} line {line}"
    text = {column: (record.get(column) or "").strip() for column in COLUMNS}
    for column, value in text.items():
        if not value:
            msg = f"{where}: {column} is empty, expected a value; fill it in or drop the row"
            raise WorldError(msg)
    try:
        x1, y1, x2, y2 = (float(text[column]) for column in ("x1", "y1", "x2", "y2"))
        width, height = int(text["width"]), int(text["height"])
    except ValueError as error:
        msg = f"{where}: {error}, expected pixels (a whole width and height); correct the row"
        raise WorldError(msg) from error
    box = WorldBox(text["sight"], x1, y1, x2, y2)
    _check_box(where, box, width, height)
    return _Row(line, text["file"], text["city"], (width, height), box)


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


def _group_photos(folder: Path, rows: list[_Row]) -> Iterator[WorldPhoto]:
    by_file: dict[str, list[_Row]] = {}
    for row in rows:
        by_file.setdefault(row.file, []).append(row)
    for file, rows_of_file in by_file.items():
        width, height = rows_of_file[0].size
        for row in rows_of_file:
            path = _check_photo(folder, row)
        yield WorldPhoto(file, path, width, height, tuple(row.box for row in rows_of_file))


def _check_photo(folder: Path, row: _Row) -> Path:
    path = folder / row.file
    where = f"{folder / MANIFEST} line {row.line}"
    if not path.resolve().is_relative_to(folder.resolve()):
        msg = f"{where}: {row.file} lies outside the world; move the photo into {folder}"
        raise WorldError(msg)
    if not path.is_file():
        msg = f"{where}: no file {path}; add the photo or drop the row"
        raise WorldError(msg)
    try:
        # Opening reads the header only: cheap for thousands of photos.
        with Image.open(path) as image:
            size = image.size
    except (UnidentifiedImageError, OSError) as error:
        msg = f"{where}: {path} is no image that can be read; replace it or drop the row"
        raise WorldError(msg) from error
    if size != row.size:
        msg = (
            f"{where}: {path} measures {size[0]} x {size[1]} pixels, but the manifest says "
            f"{row.size[0]} x {row.size[1]}; correct width, height and the boxes"
        )
        raise WorldError(msg)
    return path
