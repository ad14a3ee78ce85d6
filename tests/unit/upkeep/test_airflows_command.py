"""Airflow's own command, when the night that runs it is ended."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

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


def with_airflow(folder: Path, *tables: str) -> Installation:
    """Return a machine whose Airflow has a database with these tables."""
    file = folder / "airflow.db"
    with closing(sqlite3.connect(file)) as database:
        for table in (*tables, "task_instance (dag_id, run_id, start_date)"):
            database.execute(f"create table {table}")
    return Installation(
        config=read_settings(),
        environment={
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{file}",
            "PATH": os.environ["PATH"],
        },
    )


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
    listening = threading.Event()
    communicate = subprocess.Popen.communicate

    def listen(*given: Any, **named: Any) -> Any:
        listening.set()
        return communicate(*given, **named)

    monkeypatch.setattr(subprocess.Popen, "communicate", listen)

    def interrupt() -> None:
        wait_until((tmp_path / "begun").exists)
        # It may have begun before we know that it has.
        listening.wait()
        os.kill(os.getpid(), signal.SIGINT)

    installation = with_airflow(tmp_path, "dag_run (dag_id, run_id, state, run_after, start_date)")
    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        remove_old_history(installation, datetime.now(UTC))
    assert (tmp_path / "cleaned").exists()


def test_tables_that_a_killed_one_left_are_named(tmp_path: Path) -> None:
    ours = "_airflow_deleted__log__20261101023000__b1"
    installation = with_airflow(tmp_path, *(f"{name} (id)" for name in (ours, "log", f"my{ours}")))
    assert list_tables_set_aside(installation) == (ours,)


def test_runs_are_removed_first_right_after_those_in_progress_were_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = tmp_path / "airflow"
    command.write_text(f'#!/bin/bash\necho "$@" >> {tmp_path}/typed\n')
    command.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(command))
    installation = with_airflow(tmp_path, "dag_run (dag_id, run_id, state, run_after, start_date)")
    assert remove_old_history(installation, datetime.now(UTC)) == ({}, ())
    runs, others = (tmp_path / "typed").read_text().splitlines()
    assert " --tables dag_run,task_instance,xcom,dag_version " in runs
    assert "dag_run" not in others
