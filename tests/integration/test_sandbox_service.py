"""The stand-ins as a service: what the image runs, asked at another address by the pipeline's own clients."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import psutil
import psycopg
import pytest

from sandbox.ports import LOOPBACK, free_port, is_free
from sightscan.city import City, Place
from sightscan.services import checks
from sightscan.services.check import open_probe, run_check
from sightscan.settings import read_settings, settings
from sightscan.warehouse.registry.cities import add_city
from tests.cities.small_world import draw_small_world
from tests.sandbox_service import entry_point, replaced, sandbox_service, settings_of_rehearsal
from tests.waiting import wait_until

REPOSITORY = Path(__file__).resolve().parents[2]
# Of this machine alone, too, but not the address that everything has by default.
ADDRESS = "127.0.0.2"
LISBON = City("Q597", "lisbon", "Lisbon", "Portugal", Place(38.71, -9.14), 8_000)


@dataclass(frozen=True)
class Running:
    """A sandbox that was started as a program, and what a container's places are here."""

    process: psutil.Process
    places: dict[str, str]

    def listening(self) -> dict[str, set[int]]:
        """Return the ports on which it and all that it started listen, by address."""
        found: dict[str, set[int]] = {}
        for process in (self.process, *self.process.children(recursive=True)):
            for each in process.net_connections(kind="tcp"):
                if each.status == psutil.CONN_LISTEN:
                    # gRPC's socket is one of IPv6, for an address of IPv4.
                    address = each.laddr.ip.removeprefix("::ffff:")
                    found.setdefault(address, set()).add(each.laddr.port)
        return found


@contextmanager
def started(folder: Path, words: list[str], ready: str) -> Iterator[psutil.Process]:
    """Run the sandbox's program with a small world, as whoever starts a container does."""
    world = folder / "world"
    draw_small_world(world)
    log = folder / "log"
    words = [*words, "--world", str(world), "--transition-seconds=0", "--boot-seconds=0"]
    # A container has nothing of this machine's environment.
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(REPOSITORY)}
    with log.open("w") as output:
        process = subprocess.Popen(
            words, env=environment, cwd=REPOSITORY, stdout=output, stderr=output
        )
    try:
        wait_until(lambda: ready in log.read_text() or process.poll() is not None)
        assert process.poll() is None, log.read_text()
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


def is_new(port: int, ports: Mapping[str, str]) -> bool:
    """Say whether a port is none of these, and free where --control-port listens: on loopback only."""
    return str(port) not in ports.values() and is_free(port)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run what the service runs, with places of this machine instead of a container's."""
    folder = tmp_path_factory.mktemp("service")
    trainer_bin = folder / "trainer"
    trainer_bin.mkdir()
    (trainer_bin / "python").symlink_to(sys.executable)
    ports: dict[str, str] = {}
    for port in ("20080", "20081", "20082", "20083"):
        ports[port] = str(free_port(lambda port: is_new(port, ports), ADDRESS))
    places = {
        **ports,
        "/var/lib/sandbox/state": str(folder / "state"),
        "${SANDBOX_FILES:-}": str(folder / "files"),
        settings_of_rehearsal()["SANDBOX_FILES"]: str(folder / "files"),
        "--listen=0.0.0.0": f"--listen={ADDRESS}",
        "--host=sandbox": f"--host={ADDRESS}",
        "//sandbox:": f"//{ADDRESS}:",
        "/opt/trainer/bin": str(trainer_bin),
    }
    words = [sys.executable, *entry_point()[1:], *sandbox_service()["command"]]
    with started(folder, [replaced(word, places) for word in words], "ready") as process:
        yield Running(process, places)


@pytest.fixture
def asking(
    running: Running, warehouse: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> Running:
    """Have the settings of a rehearsal, as the pipeline's containers have them."""
    add_city(warehouse, LISBON)
    files = Path(running.places["${SANDBOX_FILES:-}"])
    for name, value in settings_of_rehearsal().items():
        if not name.startswith("PG"):
            monkeypatch.setenv(name, replaced(value, running.places))
    monkeypatch.setenv("MTS_SSH_KEY_FILE", str(files / "ssh_key"))
    monkeypatch.setenv("MTS_SSH_KNOWN_HOSTS", str(files / "ssh_known_hosts"))
    settings.cache_clear()
    return running


def test_stand_ins_listen_where_they_are_told_and_nowhere_else(running: Running) -> None:
    ports = {running.places[port] for port in ("20080", "20081", "20082")}
    listening = running.listening()
    assert {str(port) for port in listening[ADDRESS]} == ports
    # What breaks them is for who is on the machine.
    assert {str(port) for port in listening[LOOPBACK]} == {running.places["20083"]}
    assert set(listening) == {ADDRESS, LOOPBACK}


@pytest.mark.allow_hosts([LOOPBACK, ADDRESS])
def test_pipeline_asks_all_of_them_by_the_settings_of_a_rehearsal(asking: Running) -> None:
    config = read_settings()
    (instance_id,) = config.listed_instance_ids
    key = config.aws_access_key
    assert key is not None
    ec2 = boto3.client(
        "ec2",
        endpoint_url=config.aws_endpoint_url,
        region_name=config.aws_region,
        aws_access_key_id=config.aws_access_key_id,
        aws_secret_access_key=key.get_secret_value(),
    )
    ec2.start_instances(InstanceIds=[instance_id])

    def instance() -> dict[str, Any]:
        shown = ec2.describe_instances(InstanceIds=[instance_id])
        return dict(shown["Reservations"][0]["Instances"][0])

    wait_until(lambda: instance()["State"]["Name"] == "running")
    assert instance()["PublicDnsName"] == ADDRESS
    # Its SSH server, when it has booted.
    wait_until(lambda: len(asking.listening()[ADDRESS]) == 4)
    with open_probe(config, agreed=frozenset({"vision"})) as probe:
        found = {check.name: run_check(check, probe) for check in checks.CHECKS}
    states = {name: finding.state for name, finding in found.items()}
    asked = {
        "edge", "cities", "candidates", "classes", "commons", "robots", "thumbnails", "vision",
        "gpu-start", "gpu-host-key",
    }  # fmt: skip
    assert {name: states[name] for name in asked} == dict.fromkeys(asked, "passed"), found
    assert "failed" not in states.values(), found


def test_by_default_all_of_a_sandbox_is_on_loopback(tmp_path: Path) -> None:
    trainer_bin = tmp_path / "trainer"
    trainer_bin.mkdir()
    (trainer_bin / "python").symlink_to(sys.executable)
    words = [sys.executable, "-m", "sandbox", "--state", str(tmp_path / "state")]
    words += ["--trainer-bin", str(trainer_bin)]
    with started(tmp_path, words, "ready") as process:
        listening = Running(process, {}).listening()
    assert set(listening) == {LOOPBACK}
    # PostgreSQL, EC2, Vision, the web and the control endpoint.
    assert len(listening[LOOPBACK]) == 5
