"""sandbox.json: what is written is read back, by its owner, while a sandbox runs."""

import fcntl
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.addresses import (
    AwsAddress,
    PostgresAddress,
    SandboxAddresses,
    SandboxNotRunning,
    SshAddress,
    remove_addresses,
    running_sandbox,
    write_addresses,
)

POSTGRES = PostgresAddress("127.0.0.1", 5432, "sightscan", "sightscan_pipeline", "secret")
ADDRESSES = SandboxAddresses(
    control_url="http://127.0.0.1:1",
    process_id=1,
    world=Path("/world"),
    postgres=POSTGRES,
    warehouse=POSTGRES,
    app=POSTGRES,
    analyst=POSTGRES,
    airflow_db=POSTGRES,
    aws=AwsAddress("http://127.0.0.1:2", "eu-central-1", "AKIA", "secret"),
    instances=(
        SshAddress("i-1", "127.0.0.1", 3, "ubuntu", Path("/key"), "ssh-ed25519 AAAA"),
        SshAddress("i-2", "127.0.0.1", 4, "ubuntu", Path("/key"), "ssh-ed25519 BBBB"),
    ),
    vision_endpoint="127.0.0.1:5",
    wikidata_sparql_url="http://127.0.0.1:6/sparql",
    wikidata_api_url="http://127.0.0.1:6/api",
    commons_api_url="http://127.0.0.1:6/w/api.php",
    openverse_api_url="http://127.0.0.1:6/v1",
    places_api_url="http://127.0.0.1:6/places",
    search_pages_url="http://127.0.0.1:6",
    trusted_origins=("http://127.0.0.1:6",),
)


@pytest.fixture
def locked_state(tmp_path: Path) -> Iterator[Path]:
    """A state folder in use."""
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield tmp_path


def test_addresses_are_read_as_written(locked_state: Path) -> None:
    """Every field."""
    write_addresses(locked_state, ADDRESSES)
    assert running_sandbox(locked_state) == ADDRESSES


def test_file_is_private(locked_state: Path) -> None:
    """It holds passwords."""
    write_addresses(locked_state, ADDRESSES)
    assert (locked_state / "sandbox.json").stat().st_mode & 0o077 == 0


def test_known_hosts_lines_are_in_the_file(locked_state: Path) -> None:
    """For programs in other languages."""
    write_addresses(locked_state, ADDRESSES)
    record = json.loads((locked_state / "sandbox.json").read_text(encoding="utf-8"))
    assert record["instances"][0]["known_hosts_line"] == "[127.0.0.1]:3 ssh-ed25519 AAAA"


def test_file_of_a_dead_sandbox_does_not_count(tmp_path: Path) -> None:
    """Nobody holds the lock."""
    write_addresses(tmp_path, ADDRESSES)
    with pytest.raises(SandboxNotRunning, match="start one with `python -m sandbox --state"):
        running_sandbox(tmp_path)


def test_sandbox_that_is_starting_is_not_ready(locked_state: Path) -> None:
    """The lock alone is no address."""
    with pytest.raises(SandboxNotRunning, match="is not ready yet"):
        running_sandbox(locked_state)


def test_removing_twice_is_no_error(tmp_path: Path) -> None:
    """An ending that is repeated ends."""
    remove_addresses(tmp_path)
    remove_addresses(tmp_path)


def test_no_password_is_shown(locked_state: Path) -> None:
    """Addresses may be logged."""
    assert "secret" not in repr(ADDRESSES)
