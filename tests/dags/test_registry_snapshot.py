"""The registry's snapshot loses no city: not to a full disk, another registry or a second writer."""

import errno
import json
import os
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import psycopg
import pytest

from sandbox.addresses import PostgresAddress
from sightscan.city import City, Place
from sightscan.errors import SettingsError, WarehouseError
from sightscan.operators.registry import RegisteredCity, read_snapshot, write_snapshot
from sightscan.warehouse.registry.cities import add_city, disable_city
from sightscan.warehouse.registry.snapshot import Registry, forget_city, reading_for_snapshot
from tests.waiting import wait_until

ONE = City("Q1", "one", "One", "X", Place(1, 1), 1_000)
TWO = City("Q2", "two", "Two", "X", Place(2, 2), 1_000)
A, B = (f"00000000-0000-0000-0000-00000000000{end}" for end in "ab")
HERE = Registry(A, "'sightscan' on db:5432", (ONE, TWO))


def slugs() -> list[str]:
    return [city.slug for city in read_snapshot()]


def write_now(connection: psycopg.Connection[Any]) -> None:
    with reading_for_snapshot(connection) as registry:
        write_snapshot(registry)


@pytest.fixture
def snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "cities.json"
    monkeypatch.setenv("REGISTRY_SNAPSHOT", str(path))
    write_snapshot(replace(HERE, cities=(ONE,)))
    return path


@pytest.mark.parametrize("call", ["write_text", "replace"])
def test_full_disk_leaves_the_snapshot_before_and_no_part(
    snapshot: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as broken:
        broken.setattr(Path, call, full)
        with pytest.raises(SettingsError, match=r"REGISTRY_SNAPSHOT=.* No space left .* make room"):
            write_snapshot(HERE)
    assert slugs() == ["one"]
    assert sorted(path.name for path in snapshot.parent.iterdir()) == [
        "cities.json",
        "cities.json.registry",
    ]


def test_file_in_place_of_the_folder_is_a_sentence(
    snapshot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGISTRY_SNAPSHOT", str(snapshot / "cities.json"))
    with pytest.raises(SettingsError, match="cannot be read"):
        write_snapshot(HERE)
    with pytest.raises(SettingsError, match="cannot be read"):
        read_snapshot()


LOSSES: dict[str, tuple[Registry, str]] = {
    "empty": (replace(HERE, cities=()), r"lacks 2 cities .*\(one, two\).* city forget SLUG"),
    "older": (replace(HERE, cities=(TWO,)), r"lacks 1 cities .*\(one\)"),
    "another, empty": (
        replace(HERE, registry_id=B, cities=()),
        r"another registry .*lacks 2 of its cities \(one, two\)",
    ),
    "another, same names": (replace(HERE, registry_id=B), "another registry .* move the file"),
}


@pytest.mark.parametrize("case", LOSSES)
def test_snapshot_that_would_lose_cities_is_refused(snapshot: Path, case: str) -> None:
    registry, sentence = LOSSES[case]
    write_snapshot(HERE)
    before = snapshot.read_bytes()
    with pytest.raises(SettingsError, match=sentence) as caught:
        write_snapshot(registry)
    assert "'sightscan' on db:5432" in str(caught.value)
    assert "nothing was written" in str(caught.value)
    assert snapshot.read_bytes() == before


KEEPS: dict[str, tuple[list[City] | None, str | None, Registry]] = {
    "more cities": ([ONE], A, HERE),
    "an older version wrote it": ([ONE], None, HERE),
    "the name is damaged": ([ONE], "5", HERE),
    "a city that a person has let go": (
        [ONE, TWO],
        A,
        replace(HERE, cities=(ONE,), forgotten_slugs=frozenset({"two"})),
    ),
    "no file": (None, None, HERE),
    "no file any more": (None, B, HERE),
    "no city yet, of another registry": ([], B, HERE),
}


@pytest.mark.parametrize("case", KEEPS)
def test_snapshot_that_loses_nothing_is_written(snapshot: Path, case: str) -> None:
    before, registry_id, registry = KEEPS[case]
    beside = snapshot.with_name("cities.json.registry")
    if before is None:
        snapshot.unlink()
    else:
        rows = [
            {"slug": city.slug, "name": city.name, "country": "X", "is_active": True}
            for city in before
        ]
        snapshot.write_text(json.dumps(rows))
    if registry_id is None:
        beside.unlink()
    else:
        beside.write_text(registry_id)
    write_snapshot(registry)
    assert slugs() == [city.slug for city in registry.cities]
    assert beside.read_text() == A


DAMAGED = [b"", b"[", b"{}", b"null", b'[{"slug": "one"}]', b"\xff\xfe", b'{"cities": 5}', b"[5]"]


@pytest.mark.parametrize("content", DAMAGED)
def test_damaged_snapshot_is_written_anew_but_not_from_an_empty_registry(
    snapshot: Path, content: bytes
) -> None:
    snapshot.write_bytes(content)
    with pytest.raises(SettingsError, match=r"is not a list of cities .* run the DAG sync_cities"):
        read_snapshot()
    with pytest.raises(SettingsError, match="has no city to write it anew from: check PGHOST"):
        write_snapshot(replace(HERE, cities=()))
    assert snapshot.read_bytes() == content
    write_snapshot(HERE)
    assert slugs() == ["one", "two"]


def test_cities_that_are_not_let_in_have_no_dag(
    snapshot: Path, warehouse: psycopg.Connection[Any]
) -> None:
    snapshot.unlink()
    for number, state in enumerate(("active", "disabled", "waiting", "refused"), 1):
        add_city(warehouse, replace(ONE, city_id=f"Q{number}", name=state))
        warehouse.execute(
            "update core.city set state = %s where city_id = %s", (state, f"Q{number}")
        )
    write_now(warehouse)
    assert read_snapshot() == (
        RegisteredCity("active", "active", "X", is_active=True),
        RegisteredCity("disabled", "disabled", "X", is_active=False),
    )


def test_city_that_had_a_dag_and_waits_again_keeps_it_without_a_schedule(snapshot: Path) -> None:
    waiting = replace(ONE, state="waiting")
    write_snapshot(replace(HERE, cities=(TWO,), not_let_in=(waiting,)))
    assert [(city.slug, city.is_active) for city in read_snapshot()] == [
        ("one", False),
        ("two", True),
    ]


def test_city_of_the_registry_is_not_forgotten_but_retired(
    warehouse: psycopg.Connection[Any],
) -> None:
    add_city(warehouse, ONE)
    disable_city(warehouse, "one")
    with pytest.raises(WarehouseError, match=r"'one' is in the registry.* city disable one"):
        forget_city(warehouse, "one", forgotten_by="ann")
    forget_city(warehouse, "gone", forgotten_by="ann")
    forget_city(warehouse, "gone", forgotten_by="ben")
    with reading_for_snapshot(warehouse) as registry:
        assert registry.forgotten_slugs == {"gone"}


def test_second_writer_waits_and_reads_what_the_first_had(
    snapshot: Path,
    warehouse: psycopg.Connection[Any],
    warehouse_address: PostgresAddress,
) -> None:
    snapshot.unlink()
    add_city(warehouse, ONE)

    def second() -> None:
        with warehouse_address.connect() as connection:
            write_now(connection)

    with reading_for_snapshot(warehouse) as registry:
        writer = Thread(target=second)
        writer.start()
        with warehouse_address.connect() as watcher:
            waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
            wait_until(lambda: watcher.execute(waiting).fetchone() == (1,))
            add_city(watcher, TWO)
        write_snapshot(registry)
        assert slugs() == ["one"]
    writer.join()
    assert slugs() == ["one", "two"]


def test_what_a_city_overrides_of_the_form_is_in_its_row_and_nothing_else(snapshot: Path) -> None:
    # A name of the first crawler, what the form has not, and what is the same for all.
    overrides = {"sights_limit": 3, "crawl_threads": 8, "mts_epochs": 100}
    write_snapshot(replace(HERE, cities=(replace(ONE, overrides=overrides), TWO)))
    one, two = json.loads(snapshot.read_text())
    assert one["settings"] == {"max_sights_per_city": 3}
    assert "settings" not in two
    assert read_snapshot()[0].settings == {"max_sights_per_city": 3}


def test_senseless_override_is_no_part_of_the_row_and_keeps_nobody_from_a_dag(
    snapshot: Path,
) -> None:
    write_snapshot(replace(HERE, cities=(replace(ONE, overrides={"mts_epochs": "many"}), TWO)))
    assert ["settings" in row for row in json.loads(snapshot.read_text())] == [False, False]
    assert slugs() == ["one", "two"]
