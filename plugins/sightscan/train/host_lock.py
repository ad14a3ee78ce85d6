"""One lock for a GPU host: who uploads, trains or fetches holds it, and the others wait.

It is `flock` on a file of the host, so the kernel frees it when its holder dies: the trainer
(`trainer.model_folder`), or the shell that holds it for us. That shell ends with our connection, or
when no word of ours has come for a while, should the network have gone and taken nobody along.
"""

import asyncio
import logging
import posixpath
import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import asyncssh

from sightscan.errors import InstanceError
from sightscan.train.host import HostAddress, open_host
from sightscan.train.transfer import run_script
from sightscan.training import HOST_LOCK_FILE

logger = logging.getLogger(__name__)

# A holder that may be waited for ends in a minute or so; a training that is not ours does not.
MAX_LOCK_WAIT_SECONDS = 600
LOCK_REMINDER_SECONDS = 30.0
WORD_SECONDS = 15.0
SILENCE_SECONDS = 120
BUSY_STATUS = 75
MAX_COMPLAINT_CHARACTERS = 1_000
_IS_HELD = '[ ! -e "$1" ] || flock --nonblock "$1" true || echo held'


@asynccontextmanager
async def locked_host(
    address: HostAddress, purpose: str, *, max_wait_seconds: int = MAX_LOCK_WAIT_SECONDS
) -> AsyncIterator[None]:
    """Hold the host's lock; `purpose` is one line that whoever waits meanwhile is told.

    Raises:
        InstanceError: the host does not answer, or somebody else holds it for too long.

    """
    async with open_host(address) as host:
        process = await host.create_process(_command(purpose, max_wait_seconds))
        waiting = asyncio.ensure_future(process.stdout.readline())
        try:
            while not (await asyncio.wait([waiting], timeout=LOCK_REMINDER_SECONDS))[0]:
                logger.info("host=%s waiting: %s works on it", address, await _holder(host))
            if not waiting.result():
                raise InstanceError(await _refusal(address, host, process, max_wait_seconds))
            words = asyncio.create_task(_keep_talking(process))
            try:
                yield
            finally:
                words.cancel()
        finally:
            waiting.cancel()
            # Freed when the shell has ended, not when it was told to.
            process.stdin.write_eof()
            with suppress(asyncssh.Error, TimeoutError):
                await process.wait(timeout=WORD_SECONDS)


async def is_host_busy(host: asyncssh.SSHClientConnection) -> bool:
    """Return whether anybody holds the host's lock now."""
    return bool((await run_script(host, _IS_HELD, HOST_LOCK_FILE)).strip())


async def trains_in(address: HostAddress, run_folder: str) -> bool:
    """Return whether the training of this run folder holds the host's lock now."""
    async with open_host(address) as host:
        own = f"training {posixpath.basename(run_folder)}"
        return await is_host_busy(host) and await _holder(host) == own


def _command(purpose: str, max_wait_seconds: int) -> str:
    hold = f"printf '%s\\n' \"$1\" > {HOST_LOCK_FILE}; echo held; "
    hold += f"while read -r -t {SILENCE_SECONDS} _; do :; done"
    words = ["flock", f"--wait={max_wait_seconds}", f"--conflict-exit-code={BUSY_STATUS}"]
    words += [HOST_LOCK_FILE, "bash", "-c", hold, "bash", purpose]
    return f"mkdir -p {posixpath.dirname(HOST_LOCK_FILE)} && exec {shlex.join(words)}"


async def _holder(host: asyncssh.SSHClientConnection) -> str:
    said = await run_script(host, 'head -c 200 -- "$1" 2>/dev/null || true', HOST_LOCK_FILE)
    return said.decode("utf-8", "replace").strip() or "somebody else"


async def _refusal(
    address: HostAddress,
    host: asyncssh.SSHClientConnection,
    process: asyncssh.SSHClientProcess[str],
    max_wait_seconds: int,
) -> str:
    said = " ".join((await process.stderr.read(MAX_COMPLAINT_CHARACTERS)).split())
    process.close()
    await process.wait_closed()
    if process.exit_status == BUSY_STATUS:
        return (
            f"gave up after {max_wait_seconds} s: on {address} {await _holder(host)} is still at "
            "work; run the task again when it has ended, or stop the instance"
        )
    return f"{address} cannot be locked ({said}): expected flock and a home that can be written"


async def _keep_talking(process: asyncssh.SSHClientProcess[str]) -> None:
    while True:
        await asyncio.sleep(WORD_SECONDS)
        process.stdin.write("\n")
