"""Jobs on a GPU host: known for what they are whatever a pid file says, and ended whole."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest
from airflow.providers.ssh.utils.remote_job import RemoteJobPaths, build_posix_wrapper_command

from sandbox.counts import Counts
from sandbox.gpu.gpu_host import GpuHost, ed25519_key
from sandbox.ports import PortBook
from sightscan.train.host import HostAddress, open_host
from sightscan.train.jobs import end_command, kill_job, state_command
from tests.processes import is_alive
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GpuHost]:
    folder = tmp_path_factory.mktemp("host")
    key = ed25519_key(folder / "client_key", "client")
    host = GpuHost("i-1", folder / "i-1", Counts(), PortBook(folder), client_key=key)
    host.power_on()
    yield host
    host.close()


@pytest.fixture(scope="module")
def address(machine: GpuHost) -> HostAddress:
    known = machine.address
    return HostAddress(known.host, known.port, known.user, known.key_file, known.host_key)


def run(address: HostAddress, command: str) -> str:
    async def ask() -> str:
        async with open_host(address) as host:
            return str((await host.run(command, check=True, timeout=60)).stdout)

    return asyncio.run(ask())


def submit(address: HostAddress, job: str, command: str) -> None:
    """Start a job as the operator does."""
    paths = RemoteJobPaths(job, "posix", base_dir=".sightscan-jobs")
    run(address, build_posix_wrapper_command(command, paths))


def state(address: HostAddress, job: str) -> list[str]:
    return run(address, state_command(f".sightscan-jobs/{job}")).split("\n", 1)


def pid_of(machine: GpuHost, job: str) -> int:
    file = machine.home / ".sightscan-jobs" / job / "pid"
    wait_until(lambda: file.exists() and file.read_text() != "")
    return int(file.read_text())


# Groups of their own, a stopped process, a process that refuses to end: what trainings may leave.
UNRULY = """bash -c 'trap "" TERM
setsid bash -c "echo \\$\\$ >>pids; sleep 600" &
(echo $BASHPID >>pids; kill -STOP $BASHPID) &
echo $$ >>pids
wait'"""


def test_kill_leaves_no_process_of_the_job(machine: GpuHost, address: HostAddress) -> None:
    (machine.home / "pids").unlink(missing_ok=True)
    submit(address, "unruly", UNRULY)
    file = machine.home / "pids"
    wait_until(lambda: file.exists() and file.read_text().count("\n") == 3)
    pids = [int(line) for line in file.read_text().split()] + [pid_of(machine, "unruly")]
    assert all(map(is_alive, pids))
    kill_job(address)
    assert not any(map(is_alive, pids))
    assert state(address, "unruly") == ["gone", ""]


def test_kill_ends_nothing_of_others(machine: GpuHost, address: HostAddress) -> None:
    """Neither a stale pid file's namesake, nor the jobs of another home on the same machine."""
    folder = machine.home / ".sightscan-jobs" / "old"
    folder.mkdir(parents=True)
    environment = {"HOME": "/elsewhere", "LOG_FILE": ".sightscan-jobs/old/stdout.log"}
    with subprocess.Popen(["/bin/sleep", "600"], env=environment) as other:
        (folder / "pid").write_text(str(other.pid))
        kill_job(address)
        assert other.poll() is None
        assert state(address, "old") == ["gone", ""]
        other.kill()


def test_one_job_can_be_ended_alone(machine: GpuHost, address: HostAddress) -> None:
    submit(address, "first", "sleep 600")
    submit(address, "second", "sleep 600")
    first, second = pid_of(machine, "first"), pid_of(machine, "second")
    run(address, end_command("first"))
    assert (is_alive(first), is_alive(second)) == (False, True)
    kill_job(address)
    assert not is_alive(second)


def test_nothing_to_kill_is_well(address: HostAddress) -> None:
    kill_job(address)


@pytest.mark.parametrize(
    ("prepare", "expected"),
    [
        ("true", "unborn"),
        ("mkdir -p {job}; : > {job}/pid", "unborn"),
        ("mkdir -p {job}; echo rubbish > {job}/pid", "gone"),
        # A pid that another process got after a reboot.
        ("mkdir -p {job}; echo 1 > {job}/pid", "gone"),
        ("mkdir -p {job}; echo $PPID > {job}/pid", "gone"),
    ],
)
def test_pid_file_alone_is_no_job(address: HostAddress, prepare: str, expected: str) -> None:
    job = f"job-{time.monotonic_ns()}"
    run(address, prepare.format(job=f".sightscan-jobs/{job}"))
    assert state(address, job) == [expected, ""]


def test_stopped_job_lives_and_a_killed_one_is_gone(machine: GpuHost, address: HostAddress) -> None:
    submit(address, "job", "sleep 600")
    pid = pid_of(machine, "job")
    os.killpg(pid, signal.SIGSTOP)
    assert state(address, "job") == ["alive", ""]
    os.killpg(pid, signal.SIGKILL)
    wait_until(lambda: not is_alive(pid))
    (machine.home / ".sightscan-jobs/job/ended").write_text("no new epoch for 600 s\n")
    assert state(address, "job") == ["gone", "no new epoch for 600 s\n"]


def test_containers_are_killed_by_their_label(machine: GpuHost, address: HostAddress) -> None:
    """Docker is asked as a user, then as root."""
    tools = machine.home / "tools"
    tools.mkdir()
    (tools / "docker").write_text(
        '#!/bin/sh\n[ -z "$AS_ROOT" ] && exit 1\necho "$@" >>"$HOME/asked"\n[ "$1" = ps ] && echo c0ffee\n'
    )
    (tools / "sudo").write_text('#!/bin/sh\nshift; AS_ROOT=1 exec "$@"\n')
    for tool in tools.iterdir():
        tool.chmod(0o755)
    run(address, f"PATH=$HOME/tools:$PATH {end_command()}")
    assert (machine.home / "asked").read_text().splitlines() == [
        "ps --quiet --filter label=sightscan.training",
        "kill c0ffee",
    ]
