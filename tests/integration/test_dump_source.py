"""A dump of photos is a source like any other: it names leads, gives listings, brings bytes."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sandbox.counts import Counts
from sandbox.web import WebServer
from sandbox.world.city_facts import CityFacts
from sandbox.world.world import World
from sightscan.crawl.crawl import crawl_photos
from sightscan.crawl.fetch.fetcher import Validators, Visit
from sightscan.crawl.sources import registry
from sightscan.crawl.sources.source import Lead, Listing, PhotoSource, read_records
from sightscan.warehouse.photos.photos import Attribution
from tests.cities.crawled_city import settings_for, store_sights

RECORDS = "photos.jsonl"
AN_ANSWER = 5


class DumpSource(PhotoSource):
    """Photos in one archive, beside a line about each; it asks nobody."""

    name = "dump"
    archive: Path

    def leads(self) -> Iterator[Lead]:
        """Yield the sight's part of the dump."""
        yield Lead(self.sight.name, self.sight.name, "dump")

    def listings(self, lead: Lead) -> Iterator[Listing]:
        """Yield the sight's photos, some at a time."""
        with zipfile.ZipFile(self.archive) as archive:
            lines = map(json.loads, archive.read(RECORDS).decode().splitlines())
        records = [record for record in lines if record["sight"] == lead.address]
        for start in range(0, len(records), AN_ANSWER):
            yield read_records(records[start : start + AN_ANSWER], self._found)

    def visit(self, url: str, validators: Validators | None) -> Visit:
        """Return the bytes of a photo of the archive."""
        del validators
        with zipfile.ZipFile(self.archive) as archive:
            return Visit(archive.read(url.removeprefix("dump:")))

    def _found(self, record: Any) -> Attribution:
        return Attribution(
            url=f"dump:{record['file']}",
            page_url=None,
            source=self.name,
            licence=record["licence"],
            licence_url=None,
            author=record["author"],
            title=record["file"],
            query=self.sight.name,
        )


@pytest.fixture
def dump(world: World, tmp_path: Path) -> Path:
    """Put all photos of the world into one file."""
    path = tmp_path / "dump.zip"
    with zipfile.ZipFile(path, "w") as archive:
        lines = []
        for photo in world.photos:
            archive.write(photo.path, photo.file)
            lines += [
                {"sight": box.sight, "file": photo.file, "licence": "cc0-1.0", "author": "Ana"}
                for box in photo.boxes
            ]
        archive.writestr(RECORDS, "\n".join(map(json.dumps, lines)))
    return path


def test_a_dump_is_crawled_without_a_question_to_anybody(
    dump: Path,
    world: World,
    facts: CityFacts,
    warehouse: psycopg.Connection[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    city, (sight, *_) = store_sights(warehouse, facts)
    monkeypatch.setattr(DumpSource, "archive", dump, raising=False)
    # In the place of one that the settings know.
    monkeypatch.setitem(registry.SOURCES, "local_folder", DumpSource)
    counts = Counts()
    with WebServer(world, facts, counts) as web:
        config = settings_for(web, photo_sources="local_folder")
        first = crawl_photos(warehouse, config, city, sight, save=lambda _: None)
        again = crawl_photos(warehouse, config, city, sight, save=lambda _: None)
    shown = len(world.photos_of(facts.sights[0].sight))
    assert (first.found, first.kept) == (shown, shown)
    assert again.kept == 0
    stored = warehouse.execute(
        "select distinct source, licence, author from core.photo_source"
    ).fetchall()
    assert stored == [("dump", "cc0-1.0", "Ana")]
    assert counts.snapshot() == {}
