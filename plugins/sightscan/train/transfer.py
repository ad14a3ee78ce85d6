"""Files on a GPU host by SFTP: whole or not at all, and one sentence when the line breaks."""

import posixpath
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncssh

from sightscan.errors import InstanceError
from sightscan.train.host import HostAddress, open_host

PART_SUFFIX = ".part"


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
