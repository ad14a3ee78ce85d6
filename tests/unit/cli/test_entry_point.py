"""The installed command: it is found, completes, and is about the running demo without PGHOST."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sandbox.addresses import PostgresAddress
from sightscan.city import City, Place
from sightscan.warehouse.registry.cities import add_city

SIGHTSCAN = Path(sys.executable).with_name("sightscan")


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SIGHTSCAN, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


@pytest.fixture
def state(warehouse: psycopg.Connection[Any], tmp_path: Path) -> Path:
    """Leave the file that a demo writes, which names the test's warehouse with one city."""
    add_city(warehouse, City("Q1", "one", "One", "X", Place(1, 1), 1_000))
    names = ("PGHOST", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSWORD")
    lines = [
        f"export {name}={shlex.quote(os.environ[name])}\n" for name in names if name in os.environ
    ]
    # Values are quoted for a shell.
    lines.append("export CONTACT='a b; $HOME'\n")
    (tmp_path / "environment").write_text("".join(lines))
    return tmp_path


def test_without_pghost_it_is_about_the_demo_and_says_so(state: Path) -> None:
    done = run("--state", str(state), "city", "list", "--json", PGHOST="")
    assert (done.returncode, [city["slug"] for city in json.loads(done.stdout)]) == (0, ["one"])
    assert done.stderr == f"PGHOST is not set: this is about the demo in {state}\n"


def test_with_pghost_the_demo_is_left_alone(state: Path, empty_database: PostgresAddress) -> None:
    done = run("--state", str(state), "city", "list")
    assert done.returncode != 0
    assert "this is about the demo" not in done.stderr


def test_without_pghost_and_demo_it_says_what_to_set(tmp_path: Path) -> None:
    done = run("--state", str(tmp_path), "spend", "show", PGHOST="")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: PGHOST is not set: expected the host")


def test_help_asks_for_no_demo(state: Path) -> None:
    done = run("--state", str(state), "city", "list", "--help", PGHOST="")
    assert (done.returncode, done.stderr) == (0, "")


def test_shell_completes_commands() -> None:
    done = run(
        _SIGHTSCAN_COMPLETE="complete_bash", COMP_WORDS="sightscan warehouse re", COMP_CWORD="2"
    )
    assert done.stdout.split() == ["refresh-marts", "restore"]


def test_module_is_the_same_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sightscan", "--help"], capture_output=True, text=True, check=True
    )
    assert done.stdout == run("--help").stdout
