"""The files and categories that the Commons stand-in has about a world, with honest dirt.

Every photo of the world is there, in the category of each sight on it or in a subcategory; and, as
in reality, what a crawl must cope with: a map, a scan, an icon, copies, broken files, an opt-out,
and files that are listed but gone (`missing`, `filemissing`) or hidden (`filehidden`), as MediaWiki's
source (ApiPageSet, ApiQueryImageInfo) writes them; that each sight has one of each is invented.

Of photos without sights, some are of the city's streets, in categories named as Commons names such
(`Streets in Lima`); that the category of houses is empty and that of buildings missing is invented. Where photos were taken is invented, too: all around the sight, some street's length away.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from sandbox.world.city_facts import CityFacts, SightFacts
from sandbox.world.city_places import point_near
from sandbox.world.licences import Attribution, attribution_of
from sandbox.world.photo_copies import (
    icon,
    mirrored,
    near_copies_of,
    recompressed,
    scaled,
    truncated,
)
from sandbox.world.world import World, WorldPhoto

FIRST_FILE_ID, FIRST_CATEGORY_ID = 80_000_000, 50_000_000
# So many page ids are a city's, of photos and of categories.
IDS_OF_A_CITY = 100_000
IN_SUBCATEGORY_EVERY = 4
OPT_OUT = (("X-Robots-Tag", "noai, noimageai"),)
# Real names; the second is one of those on which Wikimedia tries its thumbnails of long names.
TOWER_FILE = "Tour Eiffel Wikimedia Commons.jpg"
LONG_FILE = (
    "Princess Alexandra of Denmark (later Queen Alexandra, wife of Edward VII) with her two eldest "
    "sons, Prince Albert Victor (Eddy) and George Frederick Ernest Albert (later George V).jpg"
)
KNOWN_FILE_WIDTH = 1280
# From where photos of sights are taken.
NEAREST_METRES, FARTHEST_METRES = 20, 140
# Real categories of Commons, and where their sights stand.
ELSEWHERE = (
    ("Eiffel Tower", 48.8583, 2.2945),
    ("Colosseum", 41.8902, 12.4922),
    ("Taj Mahal", 27.1750, 78.0419),
    ("Statue of Liberty", 40.6892, -74.0445),
    ("Sydney Opera House", -33.8568, 151.2153),
    ("Brandenburg Gate", 52.5163, 13.3777),
    ("Tower Bridge", 51.5055, -0.0754),
    ("Golden Gate Bridge", 37.8199, -122.4783),
    ("Hagia Sophia", 41.0086, 28.9802),
    ("Himeji Castle", 34.8394, 134.6939),
)
# Of the photos without sights, every fourth is one of the city's own streets.
STREET_EVERY = 4
STREETS = ("First Street", "Second Street")
KNOWN_FILES = {TOWER_FILE: "Eiffel Tower in Paris", LONG_FILE: "Princess Alexandra of Denmark"}


@dataclass(frozen=True)
class CommonsFile:
    """A file of Commons; `name` is its title without `File:`, sizes are in pixels.

    `shows` is the photo of the world in it, with its boxes, if they are known. `state` is `there`, or why it cannot be had. Its bytes are `content`, or, to save memory, those of the photo at `path`. `raster` is what
    thumbnails of a drawing or a document show.
    """

    name: str
    page_id: int
    mime: str
    width: int
    height: int
    attribution: Attribution
    description: str
    categories: tuple[str, ...]
    latitude: float
    longitude: float
    sha1: str
    size_bytes: int
    content: bytes | None = field(default=None, repr=False)
    path: Path | None = None
    raster: bytes | None = field(default=None, repr=False)
    headers: tuple[tuple[str, str], ...] = ()
    shows: WorldPhoto | None = None
    state: Literal["there", "missing", "filemissing", "filehidden"] = "there"

    @property
    def url_name(self) -> str:
        """The name as it stands in the URLs of files: all but letters, digits and `-_.~` is encoded."""
        return quote(self.name.replace(" ", "_"), safe="")

    @property
    def page_name(self) -> str:
        """The name as it stands in the URL of its page, where MediaWiki leaves more as it is."""
        return quote(self.name.replace(" ", "_"), safe=";@$!*(),/~:")

    @property
    def url_folder(self) -> str:
        """The folder `a/ab` of the file: letters of the MD5 of its name."""
        digest = hashlib.md5(
            self.name.replace(" ", "_").encode(), usedforsecurity=False
        ).hexdigest()
        return f"{digest[0]}/{digest[:2]}"

    def read_content(self) -> bytes:
        """Return the bytes of the file."""
        if self.content is not None:
            return self.content
        if self.path is None:
            msg = f"file {self.name!r} has neither bytes nor a path; give it one of them"
            raise ValueError(msg)
        return self.path.read_bytes()


@dataclass(frozen=True)
class CommonsCategory:
    """A category, its title without `Category:`, and the titles of its subcategories."""

    name: str
    page_id: int
    parents: tuple[str, ...]


@dataclass(frozen=True)
class CommonsCatalogue:
    """All files (sorted by name) and categories."""

    files: tuple[CommonsFile, ...]
    categories: tuple[CommonsCategory, ...]

    def files_in(self, category: str) -> list[CommonsFile]:
        """Return the files of a category itself, without its subcategories."""
        return [file for file in self.files if category in file.categories]

    def subcategories_of(self, category: str) -> list[CommonsCategory]:
        """Return the categories whose parent is `category`."""
        return [found for found in self.categories if category in found.parents]


def catalogue_of(world: World, facts: CityFacts) -> CommonsCatalogue:
    """Return the catalogue of a world's cities: every photo once, and the dirt of every sight."""
    files: list[CommonsFile] = []
    categories: list[CommonsCategory] = []
    for number, (shown, near) in enumerate(zip(world.cities, facts.cities, strict=True)):
        files.extend(_photos(shown, near, FIRST_FILE_ID + number * IDS_OF_A_CITY))
        for sight in near.sights:
            files.extend(_dirt(shown, sight, near.city.name))
        categories.extend(
            _categories(
                near,
                FIRST_CATEGORY_ID + number * IDS_OF_A_CITY,
                has_streets=bool(world.backgrounds) and near.city == facts.city,
            )
        )
    files.extend(_known(world))
    files.extend(_elsewhere(world))
    files.extend(_streets(world, facts))
    files.sort(key=lambda file: file.name)
    categories.extend(_categories_elsewhere())
    if world.backgrounds:
        categories.extend(_categories_of_streets(facts.city.name))
    return CommonsCatalogue(tuple(files), tuple(categories))


def _categories(facts: CityFacts, first_id: int, *, has_streets: bool) -> Iterator[CommonsCategory]:
    city = facts.city.name
    yield CommonsCategory(city, first_id, ())
    for number, sight in enumerate(facts.sights):
        page_id = first_id + 10 * (number + 1)
        name, exterior = sight.commons_category, _subcategory(sight)
        # People sort sights by the street in which they stand.
        street = (f"Streets in {city}",) if has_streets and not number else ()
        # Commons has cycles: here a subcategory is also a parent of its parent.
        yield CommonsCategory(name, page_id, (city, exterior, *street))
        yield CommonsCategory(exterior, page_id + 1, (name,))


def _categories_of_streets(city: str) -> Iterator[CommonsCategory]:
    first_id = FIRST_CATEGORY_ID + 2_000_000
    streets = f"Streets in {city}"
    yield CommonsCategory(streets, first_id, (city,))
    yield CommonsCategory(f"Houses in {city}", first_id + 1, (city,))
    for number, name in enumerate(STREETS):
        yield CommonsCategory(f"{name} ({city})", first_id + 2 + number, (streets,))


def _subcategory(sight: SightFacts) -> str:
    return f"Exterior of {sight.commons_category}"


def _photos(world: World, facts: CityFacts, first_id: int) -> Iterator[CommonsFile]:
    numbers: dict[str, int] = {}
    for position, photo in enumerate(world.photos):
        names = list(dict.fromkeys(box.sight for box in photo.boxes))
        main = facts.of(names[0])
        numbers[main.sight] = number = numbers.get(main.sight, 0) + 1
        content = photo.path.read_bytes()
        suffix = photo.path.suffix.lower()
        name = f"{main.sight}, {facts.city.name} {number:03}{suffix}"
        latitude, longitude = _viewpoint(main, name)
        yield CommonsFile(
            name=name,
            page_id=first_id + position,
            mime="image/png" if suffix == ".png" else "image/jpeg",
            width=photo.width,
            height=photo.height,
            attribution=attribution_of(world, photo),
            description=f"{' and '.join(names)} in {facts.city.name}",
            categories=tuple(_category(facts.of(name), number) for name in names),
            latitude=latitude,
            longitude=longitude,
            sha1=hashlib.sha1(content, usedforsecurity=False).hexdigest(),
            size_bytes=len(content),
            path=photo.path,
            shows=photo,
        )


def _viewpoint(sight: SightFacts, name: str) -> tuple[float, float]:
    """Return where a file was taken: somewhere around the sight, the same for the same name."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8])
    metres = NEAREST_METRES + number % (FARTHEST_METRES - NEAREST_METRES)
    return point_near(sight.latitude, sight.longitude, metres / 1000, number // 1000 % 360)


def _category(sight: SightFacts, number: int) -> str:
    return _subcategory(sight) if number % IN_SUBCATEGORY_EVERY == 0 else sight.commons_category


def _dirt(world: World, sight: SightFacts, city: str) -> Iterator[CommonsFile]:
    """Yield what else lies in a sight's category; each kind once, from a photo of its own."""
    photos = world.photos_of(sight.sight)

    def made(
        name: str, photo: WorldPhoto, mime: str, content: bytes, **more: object
    ) -> CommonsFile:
        size = {"width": photo.width, "height": photo.height}
        number = int(hashlib.sha256(name.encode()).hexdigest()[:6], 16)
        return CommonsFile(
            name=name,
            page_id=FIRST_FILE_ID + 1_000_000 + number,
            mime=mime,
            attribution=attribution_of(world, photo),
            description=f"{sight.sight} in {city}",
            categories=(sight.commons_category,),
            latitude=sight.latitude,
            longitude=sight.longitude,
            sha1=hashlib.sha1(content, usedforsecurity=False).hexdigest(),
            size_bytes=len(content),
            content=content,
            **{**size, **more},  # type: ignore[arg-type]
        )

    def photo(number: int) -> WorldPhoto:
        return photos[number % len(photos)]

    name, jpeg = sight.sight, "image/jpeg"
    same = photo(2)
    again, cut = near_copies_of(world, name)
    for copy, kind in ((again, "recompressed"), (cut, "cropped")):
        shows = replace(copy.original, width=copy.width, height=copy.height, boxes=copy.boxes)
        size = {"width": copy.width, "height": copy.height}
        yield made(f"{name} ({kind}).jpg", copy.original, jpeg, copy.content, shows=shows, **size)
    yield made(f"IMG 2041 {name}.jpg", same, jpeg, same.path.read_bytes(), shows=same)
    yield made(f"{name} not for AI.jpg", photo(3), jpeg, mirrored(photo(3)), headers=OPT_OUT)
    yield made(f"{name} broken upload.jpg", photo(4), jpeg, truncated(photo(4)))
    yield made(f"{name} lost.jpg", photo(5), jpeg, _ERROR_PAGE)
    yield made(f"{name} icon.png", photo(6), "image/png", icon(32, 32, "#7a4"), width=32, height=32)
    for state in ("missing", "filemissing", "filehidden"):
        yield made(f"{name} {state}.jpg", photo(3), jpeg, b"", state=state)
    disc = icon(960, 640, "#cdb")
    yield made(f"Map of {name}.svg", photo(7), "image/svg+xml", _map_of(name), raster=disc)
    yield made(f"{name} (1911 scan).pdf", photo(8), "application/pdf", _PDF, raster=disc)


def _elsewhere(world: World) -> Iterator[CommonsFile]:
    """Yield the photos without sights, as photos of well-known sights in other parts of the world.

    Those of another world's sight are in one category, as far as the categories go; the others are
    dealt out.
    """
    strangers = [photo for number, photo in enumerate(world.backgrounds) if number % STREET_EVERY]
    shown = [(world, photo, number) for number, photo in enumerate(strangers)]
    if (other := world.elsewhere) is not None:
        shown += [
            (other, photo, other.sights.index(photo.boxes[0].sight)) for photo in other.photos
        ]
        shown += [(other, photo, number) for number, photo in enumerate(other.backgrounds)]
    for position, (source, photo, subject) in enumerate(shown):
        name, latitude, longitude = ELSEWHERE[subject % len(ELSEWHERE)]
        yield _without_sights(
            source,
            photo,
            name=f"{name}, seen from afar {position + 1:03}",
            page_id=FIRST_FILE_ID + 3_000_000 + position,
            description=name,
            # Every third one is in a subcategory.
            category=name if position % 3 else f"Exterior of {name}",
            place=(latitude, longitude),
        )


def _streets(world: World, facts: CityFacts) -> Iterator[CommonsFile]:
    """Yield some photos without sights as photos of the city's own streets."""
    city = facts.city
    names = (f"Streets in {city.name}", *(f"{name} ({city.name})" for name in STREETS))
    for position, photo in enumerate(world.backgrounds[::STREET_EVERY]):
        yield _without_sights(
            world,
            photo,
            name=f"A street of {city.name} {position + 1:03}",
            page_id=FIRST_FILE_ID + 4_000_000 + position,
            description=f"A street of {city.name}",
            category=names[position % len(names)],
            place=(city.latitude, city.longitude),
        )


def _without_sights(
    world: World,
    photo: WorldPhoto,
    *,
    name: str,
    page_id: int,
    description: str,
    category: str,
    place: tuple[float, float],
) -> CommonsFile:
    content = photo.path.read_bytes()
    suffix = photo.path.suffix.lower()
    return CommonsFile(
        name=f"{name}{suffix}",
        page_id=page_id,
        mime="image/png" if suffix == ".png" else "image/jpeg",
        width=photo.width,
        height=photo.height,
        attribution=attribution_of(world, photo),
        description=description,
        categories=(category,),
        latitude=place[0],
        longitude=place[1],
        sha1=hashlib.sha1(content, usedforsecurity=False).hexdigest(),
        size_bytes=len(content),
        path=photo.path,
        shows=replace(photo, boxes=()),
    )


def _categories_elsewhere() -> Iterator[CommonsCategory]:
    for number, (name, _, _) in enumerate(ELSEWHERE):
        page_id = FIRST_CATEGORY_ID + 1_000_000 + 10 * number
        yield CommonsCategory(name, page_id, ())
        yield CommonsCategory(f"Exterior of {name}", page_id + 1, (name,))


def _known(world: World) -> Iterator[CommonsFile]:
    """Yield files under real names, which show photos of the world, large enough for thumbnails."""
    for number, (name, description) in enumerate(KNOWN_FILES.items()):
        photo = world.photos[number % len(world.photos)]
        content = scaled(recompressed(photo, 92).content, KNOWN_FILE_WIDTH)
        yield CommonsFile(
            name=name,
            page_id=FIRST_FILE_ID + 2_000_000 + number,
            mime="image/jpeg",
            width=KNOWN_FILE_WIDTH,
            height=max(1, round(photo.height * KNOWN_FILE_WIDTH / photo.width)),
            attribution=attribution_of(world, photo),
            description=description,
            categories=(),
            latitude=48.8583,
            longitude=2.2945,
            sha1=hashlib.sha1(content, usedforsecurity=False).hexdigest(),
            size_bytes=len(content),
            content=content,
            shows=photo,
        )


_ERROR_PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>Wikimedia Error</title></head><body>"
    b"<p>Our servers are currently under maintenance.</p></body></html>\n"
)
_PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF\n"
)


def _map_of(name: str) -> bytes:
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="960" height="640">'
        '<rect width="960" height="640" fill="#eed"/><circle cx="480" cy="320" r="40"/>'
        f'<text x="40" y="60">{name.replace("&", "&amp;").replace("<", "&lt;")}</text></svg>\n'
    ).encode()
