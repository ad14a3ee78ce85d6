"""The GPU host over SSH: keys, files, commands, and that nothing survives a stop."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from airflow.providers.ssh.utils.remote_job import RemoteJobPaths, build_posix_wrapper_command

from sandbox.addresses import SshAddress
from sandbox.counts import Counts
from sandbox.gpu.gpu_host import (
    GpuHost,
    TrainerEnvironmentMissing,
    ed25519_key,
    require_trainer_environment,
)
from sandbox.ports import PortBook
from tests.waiting import does_end, wait_until


@pytest.fixture(scope="module")
def trainer_bin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stand in for the trainer's environment: a folder with a Python."""
    folder = tmp_path_factory.mktemp("trainer") / "bin"
    folder.mkdir()
    (folder / "python").symlink_to(sys.executable)
    return folder


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, trainer_bin: Path) -> Iterator[GpuHost]:
    """A machine that is on; a test that switches it off switches it on again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGPASSWORD", "a secret of the caller")
        machine = _machine(tmp_path_factory.mktemp("host"), trainer_bin)
        machine.power_on()
        yield machine
        machine.close()


def test_command_answers_with_output_and_status(host: GpuHost) -> None:
    """Both outputs, the exit status."""
    result = _run(host, "echo out; echo err >&2; exit 3")
    assert (result.stdout, result.stderr, result.exit_status) == ("out\n", "err\n", 3)


def test_killed_command_tells_its_signal(host: GpuHost) -> None:
    """As OpenSSH does."""
    assert _run(host, "kill -KILL $$").exit_signal[0] == "KILL"


def test_input_reaches_the_command(host: GpuHost) -> None:
    """Megabytes of it, and its end."""
    assert len(str(_run(host, "cat", input="x" * 2_000_000).stdout)) == 2_000_000


def test_command_runs_at_home(host: GpuHost) -> None:
    """Where SFTP's relative paths lead, too."""
    assert _run(host, "pwd").stdout == f"{host.home}\n"


def test_python_is_the_trainers(host: GpuHost, trainer_bin: Path) -> None:
    """`python -m trainer` finds the environment without a full path."""
    assert _run(host, "command -v python").stdout == f"{trainer_bin}/python\n"


def test_environment_has_no_secret_of_the_caller(host: GpuHost) -> None:
    """The GPU host holds none."""
    assert "a secret of the caller" not in str(_run(host, "env; cat /proc/$PPID/environ").stdout)


def test_host_key_is_the_pinned_one(host: GpuHost) -> None:
    """A client that knows another key does not connect."""
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
    with pytest.raises(asyncssh.HostKeyNotVerifiable):
        _run(host, "true", address=replace(host.address, host_key=other))


def test_another_user_is_refused(host: GpuHost) -> None:
    """Even with the right key."""
    with pytest.raises(asyncssh.PermissionDenied):
        _run(host, "true", address=replace(host.address, user="root"))


def test_another_key_is_refused(host: GpuHost, tmp_path: Path) -> None:
    """Even for the right user."""
    other = ed25519_key(tmp_path / "other", "other")
    with pytest.raises(asyncssh.PermissionDenied):
        _run(host, "true", address=replace(host.address, key_file=other))


def test_uploaded_file_is_seen_by_commands(host: GpuHost, tmp_path: Path) -> None:
    """Under the same relative and absolute path."""
    (tmp_path / "photo").write_text("pixels", encoding="utf-8")

    async def upload(client: asyncssh.SFTPClient) -> None:
        await client.makedirs("images/train", exist_ok=True)
        await client.put(str(tmp_path / "photo"), "images/train/a")
        await client.put(str(tmp_path / "photo"), str(host.home / "images" / "b"))

    _with_sftp(host, upload)
    assert _run(host, "cat images/train/a images/b").stdout == "pixelspixels"


@pytest.mark.parametrize("path", ["/etc/passwd", "../ssh_host_ed25519_key", "/", "out/secret"])
def test_files_outside_of_home_are_refused(host: GpuHost, path: str) -> None:
    """By no path, and by no link to a folder."""
    _run(host, "rm -f out; ln -s /etc out")

    async def read(client: asyncssh.SFTPClient) -> None:
        await client.stat(path)

    with pytest.raises(asyncssh.SFTPPermissionDenied):
        _with_sftp(host, read)


def test_home_can_be_listed(host: GpuHost) -> None:
    """Although `..` of it lies outside."""
    _run(host, "touch listed")

    async def listing(client: asyncssh.SFTPClient) -> list[str]:
        return [str(name) for name in await client.listdir(".")]

    assert "listed" in _with_sftp(host, listing)


def test_detached_job_of_airflow_survives_the_connection_not_the_stop(host: GpuHost) -> None:
    """The job runs on while nobody is connected; stopping the instance ends it."""
    paths = RemoteJobPaths(job_id="job", remote_os="posix", base_dir="jobs")
    wrapper = build_posix_wrapper_command("sleep 600", paths)
    assert _run(host, wrapper).stdout == "job\n"
    wait_until((host.home / "jobs/job/pid").exists)
    process = Path("/proc") / (host.home / "jobs/job/pid").read_text(encoding="utf-8")
    was_running = process.exists()
    host.on_state("stopping")
    ended = not process.exists()
    host.power_on()
    assert (was_running, ended) == (True, True)


def test_killed_job_leaves_no_exit_code(host: GpuHost) -> None:
    """A lost machine cannot say how its job ended: the caller has to cope."""
    paths = RemoteJobPaths(job_id="lost", remote_os="posix", base_dir="jobs")
    _run(host, build_posix_wrapper_command("sleep 600", paths))
    host.power_off()
    host.power_on()
    assert not (host.home / "jobs/lost/exit_code").exists()


def test_connections_are_refused_while_stopped(host: GpuHost) -> None:
    """Refused at once, not timed out."""
    host.on_state("stopping")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host.address.host, host.address.port), timeout=5)
    host.power_on()


def test_disk_and_host_key_survive_a_stop(host: GpuHost) -> None:
    """Images are uploaded once; the pinned key stays right."""
    _run(host, "echo kept > kept")
    address = host.address
    host.power_off()
    host.power_on()
    assert _run(host, "cat kept", address=address).stdout == "kept\n"


def test_ssh_answers_some_time_after_running(tmp_path: Path, trainer_bin: Path) -> None:
    """Clients have to wait: an instance runs before its sshd does."""
    machine = _machine(tmp_path, trainer_bin, boot_seconds=3_600)
    machine.on_state("running")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((machine.address.host, machine.address.port), timeout=5)
    # Again, and not as late as that.
    machine.on_state("stopping")
    machine.boot_seconds = 0.2
    machine.on_state("running")
    wait_until(lambda: _run_quietly(machine, "true"))
    machine.close()


def test_stop_during_the_boot_wins(tmp_path: Path, trainer_bin: Path) -> None:
    """No server comes up after its instance was stopped."""
    machine = _machine(tmp_path, trainer_bin, boot_seconds=3_600)
    machine.on_state("running")
    boot = machine._boot
    assert boot is not None
    machine.on_state("stopping")
    assert does_end(boot.join)
    assert machine._process is None
    machine.close()


def test_key_files_are_private(host: GpuHost) -> None:
    """OpenSSH refuses to use others."""
    assert host.address.key_file.stat().st_mode & 0o077 == 0


def test_missing_trainer_environment_is_explained(tmp_path: Path) -> None:
    """With what to do."""
    with pytest.raises(TrainerEnvironmentMissing, match="run `make setup`, or name its bin folder"):
        require_trainer_environment(tmp_path)


def _machine(folder: Path, trainer_bin: Path, boot_seconds: float = 0.0) -> GpuHost:
    return GpuHost(
        "i-0123456789abcdef0",
        folder / "instance",
        Counts(),
        PortBook(folder),
        client_key=ed25519_key(folder / "client_key", "test"),
        trainer_bin=trainer_bin,
        boot_seconds=boot_seconds,
    )


@asynccontextmanager
async def _connection(address: SshAddress) -> AsyncIterator[asyncssh.SSHClientConnection]:
    host_key = asyncssh.import_public_key(address.host_key)
    async with asyncssh.connect(
        address.host,
        address.port,
        username=address.user,
        client_keys=[str(address.key_file)],
        known_hosts=([host_key], [], []),
        config=None,
        agent_path=None,
    ) as connection:
        yield connection


def _run(
    host: GpuHost, command: str, *, address: SshAddress | None = None, **options: Any
) -> asyncssh.SSHCompletedProcess:
    async def run() -> asyncssh.SSHCompletedProcess:
        async with _connection(address or host.address) as connection:
            return await connection.run(command, **options)

    return asyncio.run(run())


def _run_quietly(host: GpuHost, command: str) -> bool:
    try:
        return _run(host, command).exit_status == 0
    except OSError:
        return False


def _with_sftp(host: GpuHost, act: Callable[[asyncssh.SFTPClient], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with _connection(host.address) as connection, connection.start_sftp_client() as sftp:
            return await act(sftp)

    return asyncio.run(run())
