"""However the sandbox ends, nothing of it is left running, and it starts again."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import boto3
import cv2
import numpy as np
import psycopg
import pytest

from sandbox.addresses import SandboxAddresses, SandboxNotRunning, running_sandbox
from sandbox.control import ControlClient
from sandbox.launch import SandboxProcess
from sandbox.postgres.server import EmbeddedPostgres
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

WIDTH, HEIGHT = 320, 240


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A world of two photos of one sight."""
    folder = tmp_path_factory.mktemp("world")
    lines = ["file,sight,city,x1,y1,x2,y2,width,height"]
    for number in range(2):
        noise = np.random.default_rng(number).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
        cv2.imwrite(str(folder / f"{number}.jpg"), noise)
        lines.append(f"{number}.jpg,Old Tower,Testopolis,10,10,200,200,{WIDTH},{HEIGHT}")
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def arguments(tmp_path_factory: pytest.TempPathFactory, world: Path) -> list[str]:
    """Start quickly, with any Python as the trainer's."""
    trainer_bin = tmp_path_factory.mktemp("trainer")
    (trainer_bin / "python").symlink_to(sys.executable)
    seconds = ["--transition-seconds", "0.1", "--boot-seconds", "0"]
    return ["--world", str(world), "--trainer-bin", str(trainer_bin), *seconds]


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One state folder for all tests: each starts where the one before was killed."""
    folder = tmp_path_factory.mktemp("sandbox") / "state"
    yield folder
    EmbeddedPostgres(folder / "postgres").erase()


@pytest.fixture
def sandbox(state: Path, arguments: list[str]) -> Iterator[SandboxProcess]:
    """A running sandbox whose instance runs a detached job."""
    process = SandboxProcess(state, arguments)
    addresses = process.start()
    _start_detached_job(addresses)
    yield process
    process.stop()


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name
)
def test_no_process_is_left(sandbox: SandboxProcess, state: Path, number: int) -> None:
    """PostgreSQL, the SSH server and a detached job inside the instance included."""
    before = _processes_of(state)
    os.kill(sandbox.process_id or 0, number)
    assert any("job" in command for command in before)
    assert any("postgres" in command for command in before)
    wait_until(lambda: _processes_of(state) == [])


def test_kill_9_of_the_whole_group_leaves_no_process(sandbox: SandboxProcess, state: Path) -> None:
    """As a terminal or a CI runner ends what it started."""
    os.killpg(sandbox.process_id or 0, signal.SIGKILL)
    wait_until(lambda: _processes_of(state) == [])


def test_sandbox_ends_with_the_program_that_started_it(state: Path, arguments: list[str]) -> None:
    """A demo that is killed takes its sandbox along."""
    script = (
        "import sys, time; from pathlib import Path; from sandbox.launch import SandboxProcess\n"
        "SandboxProcess(Path(sys.argv[1]), sys.argv[2:]).start(); time.sleep(600)"
    )
    demo = subprocess.Popen([sys.executable, "-c", script, str(state), *arguments])
    wait_until(lambda: _is_ready(state))
    demo.kill()
    demo.wait()
    wait_until(lambda: _processes_of(state) == [])


def test_addresses_left_by_a_killed_sandbox_do_not_count(
    sandbox: SandboxProcess, state: Path
) -> None:
    """The file is there, but nobody answers."""
    os.kill(sandbox.process_id or 0, signal.SIGKILL)
    wait_until(lambda: _processes_of(state) == [])
    with pytest.raises(SandboxNotRunning, match="no sandbox runs on"):
        running_sandbox(state)


def test_start_after_kill_9_keeps_data_addresses_and_keys(
    sandbox: SandboxProcess, state: Path, arguments: list[str]
) -> None:
    """Only the instance is stopped, as after a power cut."""
    before = sandbox.addresses
    with before.warehouse.connect() as connection:
        connection.execute("create table if not exists paid_for (photo text)")
    os.kill(sandbox.process_id or 0, signal.SIGKILL)
    wait_until(lambda: _processes_of(state) == [])
    with SandboxProcess(state, arguments) as again:
        after = again.addresses
        with after.warehouse.connect() as connection:
            connection.execute("select from paid_for")
        last = ControlClient(after.control_url).instance_history()[-1]
    assert (after.instances, after.warehouse, after.aws) == (
        before.instances,
        before.warehouse,
        before.aws,
    )
    assert (last["state"], last["reason"]) == ("stopped", "the sandbox ended while it ran")


@pytest.mark.parametrize("database", ["airflow", "postgres", "template1"])
def test_app_cannot_look_into_other_databases(sandbox: SandboxProcess, database: str) -> None:
    """Each login enters its own database only, and leaves connections to the others."""
    app = replace(sandbox.addresses.app, database=database)
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        app.connect()
    with sandbox.addresses.app.connect() as connection:
        limit = "select rolconnlimit from pg_roles where rolname = current_user"
        assert connection.execute(limit).fetchone() == (30,)


def test_control_counts_and_breaks(sandbox: SandboxProcess) -> None:
    """What a test asks for over HTTP happens."""
    client = ControlClient(sandbox.addresses.control_url)
    states = [line["state"] for line in client.instance_history()]
    client.set_vision_fault(kind="unavailable", next_requests=1)
    assert client.counts()["ec2"]["starts"] == 1
    assert states[-3:] == ["stopped", "pending", "running"]


def _start_detached_job(addresses: SandboxAddresses) -> None:
    aws, [instance] = addresses.aws, addresses.instances
    client = boto3.client(
        "ec2",
        region_name=aws.region,
        endpoint_url=aws.endpoint_url,
        aws_access_key_id=aws.access_key_id,
        aws_secret_access_key=aws.access_key,
    )
    client.start_instances(InstanceIds=[instance.instance_id])
    known_hosts = instance.key_file.with_name("known_hosts")
    known_hosts.write_text(instance.known_hosts_line + "\n", encoding="utf-8")
    job = "setsid bash -c 'exec -a job-of-the-instance sleep 600' </dev/null >/dev/null 2>&1 &"
    # A client of its own, as a worker is: asyncssh's event loop must not meet the test's.
    script = (
        "import asyncio, asyncssh, sys\n"
        "port, user, key, known, job = sys.argv[1:]\n"
        "async def main():\n"
        "    async with asyncssh.connect('127.0.0.1', int(port), username=user,\n"
        "            client_keys=[key], known_hosts=known, config=None) as connection:\n"
        "        await connection.run(job, check=True)\n"
        "asyncio.run(main())\n"
    )
    command = [sys.executable, "-c", script, str(instance.port), instance.user]
    command += [str(instance.key_file), str(known_hosts), job]
    wait_until(lambda: subprocess.run(command, check=False).returncode == 0)


def _processes_of(state: Path) -> list[str]:
    """Return the command lines of all processes that name or work in the sandbox's folders."""
    pointer = state / "postgres" / "data_folder"
    folders = [state]
    if pointer.exists():
        folders.append(Path(pointer.read_text(encoding="utf-8").strip()))
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or entry.name == str(os.getpid()):
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            place = (entry / "cwd").readlink()
            if any(str(each) in command or place.is_relative_to(each) for each in folders):
                found.append(command)
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return found


def _is_ready(state: Path) -> bool:
    try:
        running_sandbox(state)
    except SandboxNotRunning:
        return False
    return True
