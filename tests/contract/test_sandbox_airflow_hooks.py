"""Airflow's own hooks, and ours, work with the stand-ins of EC2 and of the GPU host."""

import asyncio
import json
import os
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
from sightscan.operators.ec2 import InstanceHook
from sightscan.operators.hooks import GpuHostHook
from sightscan.operators.triggers import TrainingTrigger
from sightscan.settings import settings


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
    # The same by the settings, for the hooks that fall back to them.
    (tmp_path / "known_hosts").write_text(
        f"[{fleet.instance_ids[0]}]:{address.port} {address.host_key}\n"
    )
    for name, value in {
        "AWS_ENDPOINT_URL": server.url,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": key.access_key_id,
        "AWS_ACCESS_KEY": key.access_key,
        "MTS_SSH_USER": address.user,
        "MTS_SSH_KEY_FILE": str(address.key_file),
        "MTS_SSH_KNOWN_HOSTS": str(tmp_path / "known_hosts"),
    }.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
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


def test_hooks_of_ours_find_both_by_the_settings(cloud: _Cloud) -> None:
    assert (
        InstanceHook(aws_conn_id="sightscan_aws").get_instance_state(cloud.instance_id) == "stopped"
    )
    cloud.host.power_on()
    hook = GpuHostHook(
        f"sightscan_gpu_host_{cloud.instance_id}", remote_host=cloud.host.address.host
    )
    with hook.get_conn() as client:
        _, stdout, _ = client.exec_command("pwd")
        assert stdout.read().decode().strip() == str(cloud.host.home)


def watch(cloud: _Cloud, remote_host: str | None) -> str:
    """Return what the training's trigger reads on the host, by its own connection."""
    trigger = TrainingTrigger(
        training_id=1,
        progress_file="progress.jsonl",
        ssh_conn_id=f"sightscan_gpu_host_{cloud.instance_id}",
        remote_host=remote_host,
        job_id="job",
        job_dir="job",
        log_file="job/log",
        exit_code_file="job/exit_code",
        remote_os="posix",
    )

    async def pwd() -> str:
        connection = await trigger._connect()
        async with connection:
            _, output, _ = await trigger._run_command(connection, "pwd")
        return output.strip()

    return asyncio.run(pwd())


def test_trigger_reaches_the_host_by_the_settings(cloud: _Cloud) -> None:
    cloud.host.power_on()
    assert watch(cloud, cloud.host.address.host) == str(cloud.host.home)


def test_trigger_reaches_the_host_by_a_connection_of_airflow(
    cloud: _Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.host.power_on()
    given = os.environ["AIRFLOW_CONN_SSH_SANDBOX"]
    monkeypatch.setenv(f"AIRFLOW_CONN_SIGHTSCAN_GPU_HOST_{cloud.instance_id.upper()}", given)
    monkeypatch.delenv("MTS_SSH_KEY_FILE")
    settings.cache_clear()
    assert watch(cloud, None) == str(cloud.host.home)
