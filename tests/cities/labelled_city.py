"""A small world of blotches, and its city in the warehouse, for the tests of labelling.

Google Vision's stand-in recognises photos by what they show, so each one shows other blotches.
"""

import hashlib
import io
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from PIL import Image, ImageDraw

from sandbox.world.city_facts import CityFacts, facts_of
from sandbox.world.world import World, WorldBox, WorldPhoto, load_world, write_manifest
from sightscan.city import City, Place, Sight
from sightscan.warehouse.registry.cities import add_city
from sightscan.warehouse.registry.sights import list_sights, upsert_sights

CITY = "Vilanova"
SIGHTS = ("White Tower", "Old Bridge", "Cathedral of Light")
SIZE = (320, 240)


@dataclass(frozen=True)
class LabelledCity:
    """The world, what the services know about it, and its rows."""

    world: World
    facts: CityFacts
    city: City
    sights: tuple[Sight, ...]

    def sight_id(self, name: str) -> int:
        """Return the id of a sight by its name in the world."""
        found = next(sight.sight_id for sight in self.sights if sight.name == name)
        assert found is not None
        return found


def draw_world(folder: Path, photos_a_sight: int) -> World:
    """Draw a world: `photos_a_sight` photos of each sight, one box each, some touching the edge."""
    photos = []
    for sight in SIGHTS:
        for number in range(photos_a_sight):
            name = f"{sight.split()[0].lower()}_{number:03}.jpg"
            _blotches(f"{sight} {number}").save(folder / name, quality=90)
            left = 0 if number % 4 == 0 else 30
            box = WorldBox(sight, left, 20, 220, 200)
            photos.append(WorldPhoto(name, folder / name, *SIZE, (box,)))
    write_manifest(folder, CITY, photos)
    return load_world(folder)


def store_city(warehouse: psycopg.Connection[Any], world: World) -> LabelledCity:
    """Store the world's city, its sights and its photos as a crawl would."""
    facts = facts_of(world)
    known = facts.city
    city = add_city(
        warehouse,
        City(
            city_id=known.wikidata_id,
            slug="vilanova",
            name=known.name,
            country=known.country.name,
            place=Place(known.latitude, known.longitude),
            radius_meters=5_000,
        ),
    )
    sights = [
        Sight(
            sight_id=None,
            city_id=city.city_id,
            name=sight.labels["en"],
            rank=rank,
            wikidata_id=sight.wikidata_id,
            names=dict(sight.labels),
            aliases=tuple(alias for aliases in sight.aliases.values() for alias in aliases),
            place=Place(sight.latitude, sight.longitude),
            freebase_id=sight.freebase_id,
            knowledge_graph_id=sight.knowledge_graph_id,
        )
        for rank, sight in enumerate(facts.sights, start=1)
    ]
    upsert_sights(warehouse, city.city_id, sights)
    stored = LabelledCity(world, facts, city, list_sights(warehouse, city.city_id))
    for photo in world.photos:
        store_photo(
            warehouse,
            photo.path.read_bytes(),
            [stored.sight_id(box.sight) for box in photo.boxes],
            size=(photo.width, photo.height),
        )
    return stored


def store_photo(
    warehouse: psycopg.Connection[Any],
    content: bytes,
    sight_ids: list[int],
    *,
    size: tuple[int, int] = SIZE,
    cluster: bytes | None = None,
) -> bytes:
    """Store a photo found for these sights; return its sha256."""
    sha256 = hashlib.sha256(content).digest()
    warehouse.execute(
        "insert into core.photo values (%s, %s, %s, %s, 'image/jpeg', %s, %s)"
        " on conflict do nothing",
        (sha256, len(content), *size, sha256, cluster or sha256),
    )
    warehouse.execute(
        "insert into core.photo_blob values (%s, %s) on conflict do nothing", (sha256, content)
    )
    for sight_id in sight_ids:
        url = f"https://example.org/{sha256.hex()}.jpg"
        warehouse.execute(
            "insert into core.photo_source (sha256, url_sha256, sight_id, url, source, licence,"
            " query, found_at) values (%s, sha256(%s), %s, %s, 'test', 'CC0', 'q', now())",
            (sha256, url.encode(), sight_id, url),
        )
    return sha256


def jpeg_of(seed: str, size: tuple[int, int] = SIZE) -> bytes:
    """Return a photo of blotches, other ones for each seed."""
    stream = io.BytesIO()
    _blotches(seed).resize(size).save(stream, "JPEG", quality=90)
    return stream.getvalue()


def _blotches(seed: str) -> Image.Image:
    dice = random.Random(seed)  # noqa: S311 - repeatable, not secret
    image = Image.new("RGB", SIZE, tuple(dice.randrange(256) for _ in range(3)))
    pen = ImageDraw.Draw(image)
    for _ in range(24):
        x, y, side = dice.randrange(SIZE[0]), dice.randrange(SIZE[1]), dice.randrange(20, 110)
        colour = tuple(dice.randrange(256) for _ in range(3))
        pen.ellipse((x - side, y - side, x + side, y + side), fill=colour)
    return image
