"""The threads of a crawl: they fetch while others look, and no photo is lost on the way."""

import threading
from itertools import count

import pytest

from sightscan.crawl import pipeline
from sightscan.crawl.fetch.fetcher import PhotoRefusedError, Validators, Visit
from sightscan.crawl.job import FetchedPhoto
from sightscan.crawl.pipeline import SourceCrawler
from sightscan.settings import Settings, settings
from sightscan.warehouse.photos.photos import PhotoFile, RejectedPhoto
from tests.one_host import OneHost, job_of

HOST = "http://a.example"
PHOTOS = 100
CONFIG = {"licence_policy": "any", "crawl_threads": 4}


def config() -> Settings:
    return settings().model_copy(update=CONFIG)


def photo(number: int) -> PhotoFile:
    return PhotoFile(bytes([number]) * 32, b"x", 8, 8, "image/jpeg", bytes(32))


def visit(_url: str, _validators: Validators | None) -> Visit:
    return Visit(b"x")


def test_photos_come_while_others_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two look at photos and can hold two each; the four that fetch have one in hand each."""
    monkeypatch.setattr(pipeline, "INSPECTORS", 2)
    numbers, visits, has_come = count(), count(1), threading.Event()

    def inspect(*_: object) -> PhotoFile:
        assert has_come.wait(60)
        return photo(next(numbers))

    def count_visits(url: str, validators: Validators | None) -> Visit:
        if next(visits) == 8:
            has_come.set()
        return visit(url, validators)

    monkeypatch.setattr(pipeline, "inspect_photo", inspect)
    job = job_of(config(), OneHost(HOST, count_visits), threading.Event())
    outcomes = [one for one in SourceCrawler(job).outcomes() if one is not None]
    assert len([one for one in outcomes if isinstance(one, FetchedPhoto)]) == PHOTOS


def test_last_photos_are_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = count()

    def inspect(*_: object) -> PhotoFile:
        if (number := next(numbers)) % 3:
            return photo(number % 251)
        raise PhotoRefusedError("not_an_image")  # noqa: EM101

    monkeypatch.setattr(pipeline, "inspect_photo", inspect)
    for _ in range(20):
        job = job_of(config(), OneHost(HOST, visit), threading.Event())
        outcomes = [one for one in SourceCrawler(job).outcomes() if one is not None]
        assert len(outcomes) == PHOTOS
        assert sum(isinstance(one, RejectedPhoto) for one in outcomes) in {33, 34}


def test_error_while_looking_ends_the_crawl(monkeypatch: pytest.MonkeyPatch) -> None:
    def inspect(*_: object) -> PhotoFile:
        msg = "no more memory"
        raise MemoryError(msg)

    monkeypatch.setattr(pipeline, "inspect_photo", inspect)
    job = job_of(config(), OneHost(HOST, visit), threading.Event())
    with pytest.raises(MemoryError, match="no more memory"):
        list(SourceCrawler(job).outcomes())
