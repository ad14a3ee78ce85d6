"""A GPU host that lies about how much it has: what comes is counted, and there is an end to it."""

# ruff: noqa: ARG002 - asyncssh calls them by these names

import asyncio
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncssh
import paramiko
import pytest

from sandbox.gpu.gpu_host import ed25519_key
from sightscan.errors import InstanceError, TrainingError
from sightscan.operators.hooks import GpuHostHook
from sightscan.operators.triggers import TrainingTrigger
from sightscan.train import download, host_lock, transfer
from sightscan.train.deadline import leave_deadline
from sightscan.train.download import download_model
from sightscan.train.host import HostAddress, connect_host
from sightscan.train.jobs import kill_job
from sightscan.train.power_offs import correct_bills
from sightscan.train.transfer import open_connection, run_script
from sightscan.training import Training, TrainingRequest

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
PERMISSIONS = 0o100644
MANY_BYTES = 500_000
REQUEST = TrainingRequest(
    epochs=1,
    image_size=64,
    batch_size=1,
    seed=1,
    time_limit_seconds=1,
    architecture="yolov5n",
    weights=None,
)
TRAINING = Training(1, "Q1", "one", 1, b"x" * 32, REQUEST)


class Files(asyncssh.SFTPServer):
    """Files and folders without an end."""

    stated: int | None = 100
    least_answer = 0
    served = 0

    def lstat(self, path: bytes) -> asyncssh.SFTPAttrs:
        return self.stat(path)

    def stat(self, path: bytes) -> asyncssh.SFTPAttrs:
        return asyncssh.SFTPAttrs(size=self.stated, permissions=PERMISSIONS)

    def fstat(self, file_obj: object) -> asyncssh.SFTPAttrs:
        return asyncssh.SFTPAttrs(size=200_000_000, permissions=PERMISSIONS)

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        return object()

    def read(self, file_obj: object, offset: int, size: int) -> bytes:
        answer = b" " * max(size, self.least_answer)
        Files.served += len(answer)
        return answer

    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        return len(data)

    def mkdir(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        pass

    def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        pass

    def close(self, file_obj: object) -> None:
        pass


async def talk(process: asyncssh.SSHServerProcess[str]) -> None:
    """Say more than anybody wants to hear, on the channel that the command names."""
    target = process.stderr if "errors" in (process.command or "") else process.stdout
    with suppress(OSError, asyncssh.Error):
        while True:
            target.write("x" * 65_536)
            await target.drain()


@pytest.fixture
def address(tmp_path: Path) -> Iterator[HostAddress]:
    host_key, client_key = (
        ed25519_key(tmp_path / "host", "host"),
        ed25519_key(tmp_path / "me", "me"),
    )
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(
        asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[host_key],
            authorized_client_keys=str(client_key.with_suffix(".pub")),
            sftp_factory=Files,
            process_factory=talk,
        )
    )
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    public = " ".join(host_key.with_suffix(".pub").read_text().split()[:2])
    yield HostAddress("127.0.0.1", server.get_port(), "me", client_key, public)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    server.close()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


@pytest.mark.parametrize("stated", [100, 0, None, 31_000_000])
@pytest.mark.parametrize("least_answer", [0, MANY_BYTES])
def test_file_without_an_end_is_refused_whatever_its_size_is_said_to_be(
    address: HostAddress,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    stated: int | None,
    least_answer: int,
) -> None:
    monkeypatch.setattr(Files, "stated", stated)
    monkeypatch.setattr(Files, "least_answer", least_answer)
    monkeypatch.setattr(Files, "served", 0)
    monkeypatch.setattr(download, "MAX_SMALL_FILE_BYTES", 4_000_000)
    # Its shell, which says that it holds the lock, does not end either.
    monkeypatch.setattr(host_lock, "WORD_SECONDS", 0.5)
    with pytest.raises(TrainingError, match=r"result\.json .* has more than 4000000 bytes"):
        download_model(address, TRAINING, tmp_path / "fetched")
    assert not (tmp_path / "fetched").exists()
    if not least_answer:
        assert Files.served < 32_000_000


def test_list_without_an_end_is_refused(
    address: HostAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "MAX_OUTPUT_BYTES", 2_000_000)

    async def look() -> bytes:
        async with open_connection(address) as host:
            return await run_script(host, "find sightscan/images")

    with pytest.raises(TrainingError, match="prints more than 2000000 bytes"):
        asyncio.run(look())


def test_errors_without_an_end_have_only_so_much_time(address: HostAddress) -> None:
    async def look() -> bytes:
        async with open_connection(address) as host:
            return await run_script(host, "errors", max_seconds=0.5)

    with pytest.raises(InstanceError, match=r"has not ended after 0\.5 s: look at the host"):
        asyncio.run(look())


@pytest.mark.parametrize("command", ["submit", "errors"])
def test_submission_without_an_end_is_cut_off(address: HostAddress, command: str) -> None:
    """The provider's own would read, and log, for ever."""
    hook = object.__new__(GpuHostHook)
    with paramiko.SSHClient() as client:
        client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        client.connect(address.host, address.port, address.user, key_filename=str(address.key_file))
        with pytest.raises(InstanceError, match="more than 100000 bytes, or has not ended after 1"):
            hook.exec_ssh_client_command(
                client, command, get_pty=False, environment=None, timeout=1
            )


# What each asks the host, and how it calls what it hears.
@pytest.mark.parametrize(
    ("ask", "error", "sentence"),
    [
        (kill_job, InstanceError, r"could not be ended \(the GPU host prints more than 2000000"),
        (lambda address: leave_deadline(address, NOON), TrainingError, "more than 2000000 bytes"),
        (lambda address: correct_bills(None, address, "i"), TrainingError, "more than 2000000"),
    ],
    ids=["kill_job", "leave_deadline", "correct_bills"],
)
def test_whatever_a_host_is_asked_there_is_an_end_to_its_answer(
    address: HostAddress,
    monkeypatch: pytest.MonkeyPatch,
    ask: Any,
    error: type[Exception],
    sentence: str,
) -> None:
    monkeypatch.setattr(transfer, "MAX_OUTPUT_BYTES", 2_000_000)
    with pytest.raises(error, match=sentence):
        ask(address)


# Errors are thrown away as they come, so that only the time ends them; an output ends by its length,
# however long that takes to come.
@pytest.mark.parametrize(
    ("command", "seconds", "characters"), [("cat log", 120, 2_000_000), ("cat errors", 1, 0)]
)
def test_command_that_never_stops_talking_is_cut_off(
    address: HostAddress, command: str, seconds: int, characters: int
) -> None:
    trigger = TrainingTrigger(
        training_id=1,
        progress_file="progress.jsonl",
        ssh_conn_id="ssh",
        remote_host=None,
        job_id="job",
        job_dir="job",
        log_file="job/log",
        exit_code_file="job/exit_code",
        remote_os="posix",
        command_timeout=seconds,
    )
    heard = []

    async def hear() -> None:
        async with await connect_host(address) as connection:
            _, output, _ = await trigger._run_command(connection, command)
            heard.append(output)

    with suppress(TimeoutError):
        asyncio.run(hear())
    assert sum(map(len, heard)) == characters
