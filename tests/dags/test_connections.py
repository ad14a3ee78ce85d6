"""Where connections come from: Airflow's own places first, the settings last."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.sdk import Connection
from airflow.sdk.configuration import clear_secrets_backends_cache
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.sdk.execution_time.secrets_masker import redact
from psycopg.types.json import Jsonb

from sandbox.addresses import PostgresAddress
from sightscan.errors import SettingsError, WarehouseError
from sightscan.operators.connections import SettingsConnections, find_connection
from sightscan.operators.ec2 import InstanceHook
from sightscan.operators.signing import find_signing_key
from sightscan.operators.warehouse import open_warehouse
from sightscan.settings import settings
from sightscan.signing import SigningKey
from sightscan.warehouse.connection import connect, reopener
from tests.cities.colour_city import store_colour_city

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = (REPOSITORY / "docs" / "own-dags.md").read_text()
EXAMPLE, *_ = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
NAME = "AIRFLOW_CONN_SIGHTSCAN_WAREHOUSE"
LOCAL_FILES = "airflow.secrets.local_filesystem.LocalFilesystemBackend"
PASSWORD = "p@ss:w/o?r#d %2F ä\"'\\"


@pytest.fixture(autouse=True)
def secrets_backend_of_one_test() -> Iterator[None]:
    """Airflow keeps a secrets backend for the life of a process."""
    yield
    clear_secrets_backends_cache()


def as_airflow_connection(address: PostgresAddress, **extra: object) -> dict[str, object]:
    return {
        "conn_type": "postgres",
        "host": address.host,
        "port": address.port,
        "schema": address.database,
        "login": address.user,
        "password": address.password,
        "extra": json.dumps(extra),
    }


def use_secrets_backend(folder: Path, connections: Mapping[str, object]) -> dict[str, str]:
    """Return the environment of an Airflow whose secrets backend is a company's own."""
    file = folder / "connections.json"
    file.write_text(json.dumps(connections))
    return {
        "AIRFLOW__SECRETS__BACKEND": LOCAL_FILES,
        "AIRFLOW__SECRETS__BACKEND_KWARGS": json.dumps({"connections_file_path": str(file)}),
    }


def without_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGHOST", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSWORD"):
        monkeypatch.delenv(name, raising=False)
    settings.cache_clear()


def described(connection: psycopg.Connection[Any]) -> tuple[Any, ...]:
    """Return what a session is like."""
    row = connection.execute(
        "select current_database(), current_user, current_setting('timezone'), "
        "current_setting('application_name'), current_setting('search_path'), "
        "current_setting('statement_timeout'), current_setting('lock_timeout'), "
        "current_setting('tcp_keepalives_idle'), now(), %s, %s",
        (Jsonb({"a": 1}), b"\0"),
    ).fetchone()
    assert row is not None
    return (
        *row[:8],
        row[8].tzname(),
        *row[9:],
        connection.autocommit,
        connection.isolation_level,
        type(connection),
        {**connection.info.get_parameters(), "password": connection.info.password},
    )


def test_session_of_the_hook_is_that_of_the_commands(warehouse_address: PostgresAddress) -> None:
    with connect(autocommit=True) as ours, open_warehouse() as theirs:
        assert described(theirs) == described(ours)
        assert described(theirs)[2:4] == ("UTC", "sightscan")
    assert theirs.closed


@pytest.mark.parametrize("host", ["::1", "warehouse.example.org", "/var/run/postgresql"])
def test_any_password_and_host_survive_the_way_through_airflow(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGHOST", host)
    monkeypatch.setenv("PGPORT", "6543")
    monkeypatch.setenv("PGUSER", "me@example.org")
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    settings.cache_clear()
    found = find_connection("sightscan_warehouse")
    # Airflow keeps and passes connections as URIs.
    passed = Connection.from_uri(found.get_uri(), conn_id=found.conn_id)
    assert (passed.host, passed.port, passed.login, passed.password, passed.schema) == (
        host,
        6543,
        "me@example.org",
        PASSWORD,
        "sightscan",
    )
    assert passed.extra_dejson == {"application_name": "sightscan", "connect_timeout": 10}


def test_variables_of_libpq_hold(
    warehouse_address: PostgresAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    monkeypatch.setenv("PGSSLROOTCERT", "/nowhere/root.crt")
    with pytest.raises(WarehouseError, match="SSL was required"), open_warehouse():
        pass


def test_connection_in_the_environment_wins(
    warehouse_address: PostgresAddress, empty_database: PostgresAddress, monkeypatch: Any
) -> None:
    monkeypatch.setenv(NAME, json.dumps(as_airflow_connection(warehouse_address)))
    with open_warehouse() as connection:
        assert described(connection)[0] == warehouse_address.database
    with connect() as connection:
        assert described(connection)[0] == empty_database.database


def test_connection_of_airflow_needs_no_settings_and_keeps_its_extras(
    warehouse_address: PostgresAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = as_airflow_connection(
        warehouse_address,
        cursor="dictcursor",
        application_name="their name",
        options="-c statement_timeout=12345",
    )
    monkeypatch.setenv(NAME, json.dumps(given))
    without_settings(monkeypatch)
    with open_warehouse() as connection:
        session = described(connection)
    assert (session[2], session[3], session[5]) == ("UTC", "their name", "12345ms")


def test_server_that_is_gone_without_a_word_is_noticed(
    warehouse_address: PostgresAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = as_airflow_connection(warehouse_address, keepalives_idle=5)
    monkeypatch.setenv(NAME, json.dumps(given))
    with open_warehouse() as connection:
        parameters = connection.info.get_parameters()
    assert (parameters["keepalives_idle"], parameters["tcp_user_timeout"]) == ("5", "60000")


def test_work_that_was_given_a_connection_opens_others_to_the_same_place(
    warehouse_address: PostgresAddress, empty_database: PostgresAddress, monkeypatch: Any
) -> None:
    monkeypatch.setenv(NAME, json.dumps(as_airflow_connection(warehouse_address)))
    with open_warehouse() as connection:
        reopen = reopener(connection)
        before = described(connection)
    assert connection.closed
    with reopen() as another:
        assert described(another) == before


KEY = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="


def test_key_that_signs_models_is_airflows_or_that_of_the_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert find_signing_key() is None
    file = tmp_path / "key"
    made = SigningKey.make()
    file.write_text(made.text)
    monkeypatch.setenv("MODEL_SIGNING_KEY_FILE", str(file))
    settings.cache_clear()
    ours = find_signing_key()
    assert ours is not None
    assert ours.public_key == made.public_key
    monkeypatch.setenv("AIRFLOW_CONN_SIGHTSCAN_MODEL_SIGNING", json.dumps({"password": KEY}))
    theirs = find_signing_key()
    assert theirs is not None
    assert theirs.text == KEY


def test_password_that_is_no_key_is_named_and_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "AIRFLOW_CONN_SIGHTSCAN_MODEL_SIGNING", json.dumps({"password": "hidden-word"})
    )
    with pytest.raises(
        SettingsError, match="connection sightscan_model_signing is no private key"
    ) as told:
        find_signing_key()
    assert "hidden-word" not in str(told.value)


def test_secrets_backend_of_a_company_stays_and_ours_are_found(
    warehouse_address: PostgresAddress, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    theirs = {"their_lake": {"conn_type": "postgres", "host": "lake.example.org"}}
    for name, value in use_secrets_backend(tmp_path, theirs).items():
        monkeypatch.setenv(name, value)
    assert find_connection("their_lake").host == "lake.example.org"
    assert find_connection("sightscan_aws").extra_dejson["region_name"] == "eu-central-1"
    with open_warehouse() as connection:
        assert described(connection)[0] == warehouse_address.database


def test_secrets_backend_wins_over_environment_and_settings(
    warehouse_address: PostgresAddress, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given = {"sightscan_warehouse": as_airflow_connection(warehouse_address)}
    for name, value in use_secrets_backend(tmp_path, given).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(NAME, "postgres://nobody@nowhere.invalid/nothing")
    without_settings(monkeypatch)
    with open_warehouse() as connection:
        assert described(connection)[0] == warehouse_address.database


def test_own_key_of_ec2_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "from-settings")
    monkeypatch.setenv("AWS_ACCESS_KEY", "key-of-ours")
    settings.cache_clear()
    assert InstanceHook.get_connection("sightscan_aws").login == "from-settings"
    monkeypatch.setenv("AIRFLOW_CONN_SIGHTSCAN_AWS", "aws://from-airflow:key-of-theirs@")
    assert InstanceHook.get_connection("sightscan_aws").login == "from-airflow"


def test_ec2_is_reached_though_a_setting_is_senseless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else nothing could be stopped any more, by the run or by the reaper."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "from-settings")
    monkeypatch.setenv("MTS_EPOCHS", "many")
    settings.cache_clear()
    assert InstanceHook.get_connection("sightscan_aws").login == "from-settings"


def test_what_is_missing_is_told() -> None:
    with pytest.raises(SettingsError, match="PGHOST is not set"), open_warehouse():
        pass
    with pytest.raises(SettingsError, match="MTS_SSH_KEY_FILE is not set"):
        find_connection("sightscan_gpu_host_i-1")
    with pytest.raises(AirflowNotFoundException):
        find_connection("somebody_elses")
    assert SettingsConnections().get_connection("somebody_elses") is None


def test_no_variable_is_ours_and_nobody_is_told_of_an_error() -> None:
    assert SettingsConnections().get_variable("sightscan_warehouse_away") is None


def test_refused_login_is_told_without_its_password(
    warehouse_address: PostgresAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGUSER", "nobody_special")
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    settings.cache_clear()
    refused = pytest.raises(WarehouseError, match="does not let 'nobody_special' in")
    with refused as caught, open_warehouse():
        pass
    assert PASSWORD not in str(caught.value)


def test_options_of_the_page_keep_a_query_from_writing(
    warehouse_address: PostgresAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(NAME, json.dumps(as_airflow_connection(warehouse_address)))
    (options,) = re.findall(r'hook_params=\{"options": "(.*?)"\}', EXAMPLE)
    write: Any = SQLExecuteQueryOperator(
        task_id="write",
        conn_id="sightscan_warehouse",
        hook_params={"options": options},
        sql="delete from core.city",
    )
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        write.execute({})


RUN_EXAMPLE = """
import sys
from airflow.dag_processing.dagbag import DagBag
from airflow.utils.db import initdb

initdb()
bag = DagBag(sys.argv[1])
assert bag.import_errors == {}, bag.import_errors
run = bag.dags["report_cities"].test()
assert str(run.state) == "success", run.state
"""


@pytest.mark.slow
def test_example_of_the_page_reads_the_marts_beside_a_secrets_backend(
    warehouse: psycopg.Connection[Any], tmp_path: Path
) -> None:
    """In an Airflow of its own, whose secrets backend knows nothing of us."""
    store_colour_city(warehouse, photos_a_sight=1)
    folder = tmp_path / "dags"
    folder.mkdir()
    (folder / "report_cities.py").write_text(EXAMPLE)
    done = subprocess.run(
        [sys.executable, "-c", RUN_EXAMPLE, str(folder)],
        env=os.environ
        | use_secrets_backend(tmp_path, {"their_lake": {"conn_type": "postgres"}})
        | {
            "AIRFLOW_HOME": str(tmp_path),
            "AIRFLOW__CORE__DAGS_FOLDER": str(folder),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path}/airflow.db",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Málaga: " in done.stdout


@pytest.mark.parametrize("is_airflows", [False, True], ids=["settings", "airflow"])
def test_no_secret_of_the_settings_is_shown_by_whoever_opens_the_warehouse(
    warehouse_address: PostgresAddress, monkeypatch: pytest.MonkeyPatch, *, is_airflows: bool
) -> None:
    """The error of a library may have the address that it asked, and the key in it."""
    if is_airflows:
        monkeypatch.setenv(NAME, json.dumps(as_airflow_connection(warehouse_address)))
    # Others each time: what was masked once stays so in this process.
    keys = [f"a-key-of-{service}-{is_airflows}" for service in ("places", "flickr")]
    monkeypatch.setenv("MAPS_KEY", keys[0])
    monkeypatch.setenv("FLICKR_API_KEY", keys[1])
    settings.cache_clear()
    with open_warehouse():
        said = redact(f"GET /place?key={keys[0]} failed, and {keys[1]} too")
    assert said == "GET /place?key=*** failed, and *** too"
