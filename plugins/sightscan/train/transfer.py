"""Files on a GPU host by SFTP: whole or not at all, and one sentence when the line breaks.

What a host says of its sizes is not believed: what comes is counted as it comes.
"""

import posixpath
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncssh

from sightscan.errors import InstanceError, TrainingError
from sightscan.train.host import HostAddress, open_host

PART_SUFFIX = ".part"
# So much is asked for at once, by requests that run in parallel.
BLOCK_BYTES = 8_000_000
# Photos of all cities that a host has worked for.
MAX_FOLDER_NAMES = 5_000_000


@asynccontextmanager
async def open_sftp(address: HostAddress) -> AsyncIterator[asyncssh.SFTPClient]:
    """Open SFTP on a host; what breaks on the way becomes one sentence.

    Raises:
        InstanceError: the connection is lost, or the host refuses an operation.

    """
    try:
        async with open_host(address) as host, host.start_sftp_client() as sftp:
            yield sftp
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
                raise TrainingError(msg)


async def list_names(sftp: asyncssh.SFTPClient, folder: str) -> set[str]:
    """Return the names in a folder.

    Raises:
        TrainingError: there is no end to them.

    """
    names = set()
    async for entry in sftp.scandir(folder):
        names.add(str(entry.filename))
        if len(names) > MAX_FOLDER_NAMES:
            msg = (
                f"{folder} on the GPU host has more than {MAX_FOLDER_NAMES} names: delete what is "
                "not needed there, or give the instance another disk"
            )
            raise TrainingError(msg)
    return names


async def write_file(sftp: asyncssh.SFTPClient, path: str, content: bytes) -> None:
    """Write a file whole or not at all: under a temporary name, then renamed over the old one."""
    part = f"{path}{PART_SUFFIX}"
    async with sftp.open(part, "wb") as file:
        await file.write(content)
    await sftp.posix_rename(part, path)


async def link_file(sftp: asyncssh.SFTPClient, target: str, link: str) -> None:
    """Make a symbolic link to a file; both paths are below the home folder."""
    # Relative, so that the home folder may be moved or mounted elsewhere.
    await sftp.symlink(posixpath.relpath(target, posixpath.dirname(link)), link)
