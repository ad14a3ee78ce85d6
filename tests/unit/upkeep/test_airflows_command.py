"""Airflow's own command, when the night that runs it is ended."""

import os
import signal
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sightscan.services.doctor.installation import Installation
from sightscan.settings import read_settings
from sightscan.upkeep.airflow_history import list_tables_set_aside, remove_old_history
from tests.waiting import wait_until

COMMAND = """#!/bin/bash
trap 'sleep 0.2; touch {folder}/cleaned; exit 1' INT
touch {folder}/begun
while true; do sleep 0.05; done
"""


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Have SIGINT raise, as the command line has it, however the tests were begun."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_it_is_ended_with_us_and_may_clean_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = tmp_path / "airflow"
    command.write_text(COMMAND.format(folder=tmp_path))
    command.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(command))

    def interrupt() -> None:
        wait_until((tmp_path / "begun").exists)
        os.kill(os.getpid(), signal.SIGINT)

    installation = Installation(config=read_settings(), environment={"PATH": os.environ["PATH"]})
    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        remove_old_history(installation, datetime.now(UTC), ())
    assert (tmp_path / "cleaned").exists()


def test_tables_that_a_killed_one_left_are_named(tmp_path: Path) -> None:
    file = tmp_path / "airflow.db"
    with closing(sqlite3.connect(file)) as database:
        for name in ("_airflow_deleted__log__20261101023000__b1", "log", "my_airflow_deleted__log"):
            database.execute(f"create table {name} (id int)")
    installation = Installation(
        config=read_settings(),
        environment={"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{file}"},
    )
    assert list_tables_set_aside(installation) == ("_airflow_deleted__log__20261101023000__b1",)
