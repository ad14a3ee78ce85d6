"""The small world, and the stand-ins that show it, for the contracts about them."""

from collections.abc import Iterator

import httpx
import pytest

from sandbox.counts import Counts
from sandbox.web import WebServer
from sandbox.world.city_facts import CityFacts, facts_of
from sandbox.world.world import World
from tests.cities.small_world import draw_small_world

CONTACT = {"User-Agent": "SightScanTest/1.0 (mailto:test@example.org)"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return draw_small_world(tmp_path_factory.mktemp("world") / "small")


@pytest.fixture(scope="module")
def facts(world: World) -> CityFacts:
    return facts_of(world)


@pytest.fixture(scope="module")
def server(world: World, facts: CityFacts) -> Iterator[WebServer]:
    with WebServer(world, facts, Counts()) as running:
        yield running


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    with httpx.Client(headers=CONTACT, timeout=10) as client:
        yield client
