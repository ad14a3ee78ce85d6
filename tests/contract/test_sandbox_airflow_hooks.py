"""Airflow's own hooks work with the stand-ins of EC2 and of the GPU host."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from airflow.providers.amazon.aws.hooks.ec2 import EC2Hook
from airflow.providers.ssh.hooks.ssh import SSHHook

from sandbox.counts import Counts
from sandbox.gpu.ec2 import REGION, Ec2Server, new_key
from sandbox.gpu.ec2_fleet import Ec2Fleet
from sandbox.gpu.gpu_host import GpuHost, ed25519_key
from sandbox.ports import PortBook


@dataclass(frozen=True)
class _Cloud:
    fleet: Ec2Fleet
    host: GpuHost

    @property
    def instance_id(self) -> str:
        return self.fleet.instance_ids[0]


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[_Cloud]:
    """One instance, with the Airflow connections that lead to it."""
    counts, key = Counts(), new_key()
    fleet = Ec2Fleet(tmp_path / "ec2", counts, transition_seconds=0.1)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    host = GpuHost(
        fleet.instance_ids[0],
        tmp_path / "instance",
        counts,
        PortBook(tmp_path),
        client_key=ed25519_key(tmp_path / "client_key", "test"),
        trainer_bin=tmp_path / "bin",
        boot_seconds=0,
    )
    fleet.on_state = lambda _instance_id, state: host.on_state(state)
    server = Ec2Server(fleet, key, counts)
    server.start()
    aws = {
        "conn_type": "aws",
        "login": key.access_key_id,
        "password": key.access_key,
        "extra": {"region_name": REGION, "endpoint_url": server.url},
    }
    address = host.address
    ssh = {
        "conn_type": "ssh",
        "host": address.host,
        "port": address.port,
        "login": address.user,
        "extra": {
            "key_file": str(address.key_file),
            "host_key": address.host_key,
            "no_host_key_check": "false",
        },
    }
    monkeypatch.setenv("AIRFLOW_CONN_AWS_SANDBOX", json.dumps(aws))
    monkeypatch.setenv("AIRFLOW_CONN_SSH_SANDBOX", json.dumps(ssh))
    yield _Cloud(fleet, host)
    fleet.close()
    host.close()
    server.stop()


def test_ec2_hook_starts_and_waits(cloud: _Cloud) -> None:
    """What EC2StartInstanceOperator does."""
    hook = EC2Hook(aws_conn_id="aws_sandbox")
    hook.get_instance(instance_id=cloud.instance_id).start()
    hook.wait_for_state(cloud.instance_id, target_state="running", check_interval=0.05)
    assert cloud.fleet.state_of(cloud.instance_id) == "running"


def test_ssh_hook_runs_a_command_on_the_pinned_host(cloud: _Cloud) -> None:
    """What SSHRemoteJobOperator does to submit its job."""
    cloud.host.power_on()
    hook = SSHHook(ssh_conn_id="ssh_sandbox")
    with hook.get_conn() as client:
        status, output, _ = hook.exec_ssh_client_command(
            client, "pwd", get_pty=False, environment=None, timeout=30
        )
    assert (status, output.decode().strip()) == (0, str(cloud.host.home))
