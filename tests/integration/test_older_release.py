"""What an older release left is taken over by today's, and runs on: its backup, and its snapshot."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from sandbox.addresses import PostgresAddress
from sightscan.cli.main import main
from sightscan.dataset.freeze import freeze_dataset
from sightscan.operators.registry import read_snapshot, write_snapshot
from sightscan.publish.publish import publish_model
from sightscan.publish.register import register_model
from sightscan.run import Run
from sightscan.settings import read_settings, settings
from sightscan.warehouse.connection import connect
from sightscan.warehouse.marts.check_runs import run_checks
from sightscan.warehouse.registry.cities import find_city
from sightscan.warehouse.registry.sights import list_sights
from sightscan.warehouse.registry.snapshot import reading_for_snapshot
from tests.cities.colour_city import add_photo, ask_training, write_model_folder

# Made by the code of commit 98da476; make.py beside them says how.
RELEASE = Path(__file__).parents[1] / "fixtures" / "older_release"
DATABASE = "older_release"


@pytest.fixture
def older(
    postgres: PostgresAddress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Restore its backup by today's command, and put its snapshot in place."""
    for name, value in postgres.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("REGISTRY_SNAPSHOT", str(tmp_path / "cities.json"))
    shutil.copy(RELEASE / "cities.json", tmp_path)
    settings.cache_clear()
    assert main(["warehouse", "restore", str(RELEASE / "warehouse.dump"), "--into", DATABASE]) == 0
    monkeypatch.setenv("PGDATABASE", DATABASE)
    settings.cache_clear()
    yield
    with postgres.connect() as connection:
        connection.execute(
            sql.SQL("drop database {} with (force)").format(sql.Identifier(DATABASE))
        )


def counts(connection: psycopg.Connection[Any], *tables: str) -> dict[str, int]:
    found = {}
    for table in tables:
        query = sql.SQL("select count(*) from {}").format(sql.Identifier(*table.split(".")))
        ((found[table],),) = connection.execute(query).fetchall()
    return found


def test_an_older_release_is_migrated_and_all_of_it_is_there(older: None) -> None:
    before = read_snapshot()
    assert [(city.slug, city.is_active) for city in before] == [("lisbon", False), ("malaga", True)]
    manifest = json.loads((RELEASE / "warehouse.dump.manifest.json").read_text())["rows"]
    assert main(["warehouse", "migrate"]) == 0
    with connect(autocommit=True) as connection:
        tables = [name for name in manifest if name.startswith(("core.", "load."))]
        assert counts(connection, *tables) == {name: manifest[name] for name in tables}
        results = run_checks(connection, dag_id="refresh_data_marts", run_id="whole", is_whole=True)
        assert [
            each.name for each in results if each.offending_count and each.severity == "fail"
        ] == []
        # What was paid then counts now, of the photo that was taken down, too.
        assert connection.execute(
            "select call_count, gpu_hours::numeric(4, 2) from (select count(*) as call_count,"
            " (select sum(extract(epoch from stopped_at - started_at)) / 3600 from core.instance_session)"
            " as gpu_hours from core.ledger_entry where counts_against_cap) as spent"
        ).fetchone() == (60, 1)
        # The snapshot is written anew, with the same cities, and says of which registry it is.
        with reading_for_snapshot(connection) as registry:
            write_snapshot(registry)
    assert read_snapshot() == before
    assert Path(f"{os.environ['REGISTRY_SNAPSHOT']}.registry").is_file()


def test_an_older_release_runs_on(older: None, tmp_path: Path) -> None:
    assert main(["warehouse", "migrate"]) == 0
    assert main(["warehouse", "refresh-marts", "--all"]) == 0
    config = read_settings(min_image_number_per_label=3)
    with connect(autocommit=True) as connection:
        city = find_city(connection, "malaga")
        assert connection.execute(
            "select photo_count, labelled_photo_count from mart.city_overview where city_slug = 'malaga'"
        ).fetchone() == (59, 59)
        # The model in place is offered to the app, and a better one can take its place.
        ((version,),) = connection.execute(
            "select model_version from mart.published_model where city_slug = 'malaga'"
        ).fetchall()
        assert version == 1
        for number in range(40):
            add_photo(connection, city, sights_of(connection)[number % 5], f"since {number}")
        dataset = freeze_dataset(
            connection, config, city, Run(city.city_id, "city_malaga", "run 2")
        )
        assert dataset.version == 2
        # A photo stays on the side of the split that it was on.
        assert connection.execute(
            "select count(*) from core.dataset_photo as old inner join core.dataset_photo as new"
            " using (city_id, sha256) where old.dataset_version = 1 and new.dataset_version = 2"
            " and old.split <> new.split"
        ).fetchone() == (0,)
        training = ask_training(connection, dataset, "run 2")
        folder = write_model_folder(tmp_path / "model", training, dataset)
        registered = register_model(connection, training, folder)
        decision = publish_model(connection, config, city, registered, published_by="run 2")
        # It is measured beside the one that the older release put in place.
        assert "model 1" in decision.reason


def sights_of(connection: psycopg.Connection[Any]) -> tuple[Any, ...]:
    return list_sights(connection, "Q8851")
