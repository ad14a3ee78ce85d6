"""Files and scripts on a GPU host: whole or not at all, and one sentence when the line breaks.

What a host says of its sizes is not believed: what comes is counted as it comes.
"""

import asyncio
import shlex
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import asyncssh

from sightscan.errors import InstanceError, LastingTrainingError
from sightscan.train.host import HostAddress, open_host

PART_SUFFIX = ".part"
# So much is asked for at once, by requests that run in parallel.
BLOCK_BYTES = 8_000_000
# Millions of names: more photos than the disk of a host holds.
MAX_OUTPUT_BYTES = 500_000_000


@asynccontextmanager
async def open_connection(address: HostAddress) -> AsyncIterator[asyncssh.SSHClientConnection]:
    """Open an SSH connection to a host; what breaks on the way becomes one sentence.

    Raises:
        InstanceError: the connection is lost, or the host refuses an operation.

    """
    try:
        async with open_host(address) as host:
            yield host
    except (OSError, asyncssh.Error, ExceptionGroup) as error:
        # Parallel transfers fail as a group; the first error says what happened.
        first: Exception = error
        while isinstance(first, ExceptionGroup):
            first = first.exceptions[0]
        if not isinstance(first, OSError | asyncssh.Error):
            raise first from None
        msg = (
            f"the transfer with {address} broke off ({str(first) or type(first).__name__}): "
            "run the task again, it goes on where it stopped"
        )
        raise InstanceError(msg) from first


@asynccontextmanager
async def open_sftp(address: HostAddress) -> AsyncIterator[asyncssh.SFTPClient]:
    """Open SFTP on a host, as `open_connection` does SSH."""
    async with open_connection(address) as host, host.start_sftp_client() as sftp:
        yield sftp


async def run_script(
    host: asyncssh.SSHClientConnection,
    script: str,
    *arguments: str,
    stdin: bytes = b"",
    max_seconds: float | None = None,
) -> bytes:
    """Run a script of bash in the home folder of the host's user; return what it prints.

    Raises:
        InstanceError: it fails, or has not ended after `max_seconds`.
        LastingTrainingError: there is no end to what it prints.

    """
    try:
        async with asyncio.timeout(max_seconds):
            status, printed, complaint = await _run(host, script, arguments, stdin)
    except TimeoutError:
        msg = (
            f"a command on the GPU host has not ended after {max_seconds:g} s: look at the host, "
            "run the task again"
        )
        raise InstanceError(msg) from None
    if status is None:
        msg = "the connection was lost in a command"
        raise ConnectionResetError(msg)
    if status != 0:
        reason = " ".join(complaint.split())[:500] or f"exit status {status}"
        msg = f"a command on the GPU host failed ({reason}): mend that on the host, run the task again"
        raise InstanceError(msg)
    return printed


async def _run(
    host: asyncssh.SSHClientConnection, script: str, arguments: Sequence[str], stdin: bytes
) -> tuple[int | None, bytes, str]:
    """Return the exit status, what was printed and what was complained of."""
    command = shlex.join(["bash", "-c", script, "sightscan", *arguments])
    printed = bytearray()
    process = await host.create_process(command, encoding=None)
    try:
        # A script that reads nothing may have ended before.
        with suppress(BrokenPipeError):
            process.stdin.write(stdin)
            process.stdin.write_eof()
        while block := await process.stdout.read(BLOCK_BYTES):
            printed += block
            if len(printed) > MAX_OUTPUT_BYTES:
                msg = (
                    f"the GPU host prints more than {MAX_OUTPUT_BYTES} bytes about its files: look "
                    "what lies in ~/sightscan there, and delete it"
                )
                raise LastingTrainingError(msg)
        complaint = (await process.stderr.read(BLOCK_BYTES)).decode("utf-8", "replace")
        process.close()
        await process.wait_closed()
    finally:
        # Not waited for: that, too, is the host's to answer.
        process.close()
    return process.exit_status, bytes(printed), complaint


async def read_file(sftp: asyncssh.SFTPClient, path: str, *, max_bytes: int) -> bytes:
    """Read a file whole.

    Raises:
        TrainingError: more comes than `max_bytes`.

    """
    content = bytearray()
    async with sftp.open(path, "rb") as file:
        while True:
            block: bytes = await file.read(BLOCK_BYTES)
            if not block:
                return bytes(content)
            content += block
            if len(content) > max_bytes:
                msg = (
                    f"{path} on the GPU host has more than {max_bytes} bytes, which the trainer "
                    "never writes: look at the host before it is used again"
                )
                raise LastingTrainingError(msg)


async def write_file(sftp: asyncssh.SFTPClient, path: str, content: bytes) -> None:
    """Write a file whole or not at all: under a temporary name, then renamed over the old one."""
    part = f"{path}{PART_SUFFIX}"
    async with sftp.open(part, "wb") as file:
        await file.write(content)
    await sftp.posix_rename(part, path)
