"""Reach a GPU host by SSH: its key pinned, ours on disk, nothing else trusted or tried."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncssh
from tenacity import AsyncRetrying, retry_if_exception_type, stop_before_delay, wait_fixed

from sightscan.errors import InstanceError
from sightscan.surroundings import provide_name_and_home

logger = logging.getLogger(__name__)

SSH_CONNECT_TIMEOUT_SECONDS = 10
KEEPALIVE_SECONDS = 15
# Four unanswered keepalives: a host that is gone is noticed within a minute.
KEEPALIVES_UNANSWERED = 4
HOST_POLL_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class HostAddress:
    """Where a GPU host answers, as whom, and by which key it is known (`ssh-ed25519 AAAA...`)."""

    host: str
    port: int
    user: str
    key_file: Path
    host_key: str

    def __str__(self) -> str:
        """Return user@host:port."""
        return f"{self.user}@{self.host}:{self.port}"


class HostNotReadyError(InstanceError):
    """The host does not answer; it may be starting."""


@asynccontextmanager
async def open_host(address: HostAddress) -> AsyncIterator[asyncssh.SSHClientConnection]:
    """Open an SSH connection to a host and close it at the end.

    Raises:
        HostNotReadyError: nothing answers there, or not with SSH.
        InstanceError: the host key is another than the pinned one, our key is missing or refused.

    """
    try:
        connection = await connect_host(address)
    except asyncssh.HostKeyNotVerifiable:
        msg = (
            f"the host key of {address} is not the pinned one: either the instance was rebuilt "
            "(pin its new key in the connection) or somebody stands in between; nothing was sent"
        )
        raise InstanceError(msg) from None
    except asyncssh.PermissionDenied:
        msg = f"{address} refuses the key {address.key_file}: add its public half to the host"
        raise InstanceError(msg) from None
    except (OSError, asyncssh.Error, TimeoutError) as error:
        reason = str(error) or type(error).__name__
        msg = f"{address} does not answer ({reason}): start the instance, or wait until it is up"
        raise HostNotReadyError(msg) from None
    async with connection:
        yield connection


async def connect_host(address: HostAddress) -> asyncssh.SSHClientConnection:
    """Open an SSH connection to a host for somebody who closes it.

    Raises:
        InstanceError: our key or the pinned one cannot be read.
        OSError, asyncssh.Error, TimeoutError: the host does not let us in.

    """
    # Its twelve lines for each connection would bury ours.
    asyncssh.set_log_level(logging.WARNING)
    # It asks for both, whether it needs them or not.
    provide_name_and_home()
    return await asyncssh.connect(
        address.host,
        address.port,
        username=address.user,
        client_keys=[_private_key(address.key_file)],
        known_hosts=([_pinned_key(address)], [], []),
        # Nothing of the person or machine that runs this: no agent, no ~/.ssh/config, no password.
        agent_path=None,
        config=None,
        preferred_auth="publickey",
        connect_timeout=SSH_CONNECT_TIMEOUT_SECONDS,
        login_timeout=SSH_CONNECT_TIMEOUT_SECONDS,
        keepalive_interval=KEEPALIVE_SECONDS,
        keepalive_count_max=KEEPALIVES_UNANSWERED,
    )


def await_host(address: HostAddress, timeout_seconds: float) -> float:
    """Wait until the host lets us in; return the seconds that it took.

    Raises:
        InstanceError: at once on a wrong host key or a refused key, else when the time is over.

    """
    begun = time.monotonic()

    async def knock() -> float:
        async with open_host(address):
            return time.monotonic() - begun

    knock_until_open = AsyncRetrying(
        stop=stop_before_delay(timeout_seconds),
        wait=wait_fixed(HOST_POLL_SECONDS),
        retry=retry_if_exception_type(HostNotReadyError),
        reraise=True,
    )
    try:
        seconds: float = asyncio.run(knock_until_open(knock))
    except HostNotReadyError as error:
        msg = f"{error}; gave up after {timeout_seconds:g} s"
        raise InstanceError(msg) from None
    logger.info("host=%s answered after seconds=%.1f", address, seconds)
    return seconds


def _private_key(path: Path) -> asyncssh.SSHKey:
    try:
        return asyncssh.read_private_key(path)
    except OSError as error:
        msg = (
            f"the private key {path} cannot be read ({error.strerror}): expected the key that the "
            "GPU host knows; correct the path in the SSH connection of the instance"
        )
        raise InstanceError(msg) from None
    except asyncssh.KeyImportError as error:
        msg = f"{path} is no private SSH key without a passphrase ({error}); give one"
        raise InstanceError(msg) from None


def _pinned_key(address: HostAddress) -> asyncssh.SSHKey:
    try:
        return asyncssh.import_public_key(address.host_key)
    except asyncssh.KeyImportError:
        msg = (
            f"the pinned host key of {address} is {address.host_key[:40]!r}...: expected a line like "
            "'ssh-ed25519 AAAA...', as ssh-keyscan prints it; correct it in the SSH connection"
        )
        raise InstanceError(msg) from None
