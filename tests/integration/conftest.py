"""The stand-ins that the contracts ask, and the machine of one GPU instance, for whole stages."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sandbox.counts import Counts
from sandbox.gpu.gpu_host import GpuHost, ed25519_key
from sandbox.ports import PortBook
from sightscan.train.host import HostAddress
from tests.cities.asked_training import Asked, ask
from tests.cities.colour_city import store_colour_city
from tests.contract.conftest import facts, http, server, world

__all__ = ["facts", "http", "server", "world"]


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[GpuHost]:
    """Run the SSH server of one instance, as the sandbox does."""
    key = ed25519_key(tmp_path / "client_key", "client")
    host = GpuHost("i-1", tmp_path / "i-1", Counts(), PortBook(tmp_path), client_key=key)
    host.power_on()
    yield host
    host.close()


@pytest.fixture
def address(machine: GpuHost) -> HostAddress:
    known = machine.address
    return HostAddress(known.host, known.port, known.user, known.key_file, known.host_key)


@pytest.fixture
def asked(warehouse: psycopg.Connection[Any]) -> Asked:
    return ask(warehouse, store_colour_city(warehouse, photos_a_sight=6), "run 1")
