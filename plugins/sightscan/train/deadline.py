"""Leave on the host until when it is leased: it powers itself off then, whoever else is down.

The other half is `trainer/host`, which has to be installed there.
"""

import asyncio
import logging
import posixpath
from datetime import datetime

from sightscan.train.host import HostAddress
from sightscan.train.transfer import open_connection, run_script, write_file

logger = logging.getLogger(__name__)

# Below the home of the host's user; its text is seconds since 1970.
DEADLINE_FILE = "sightscan/deadline"
# The brackets keep pgrep from finding the shell that calls it.
FIND_WATCH = "pgrep -f 'python[0-9.]* -m trainer[.]host'"
FIND_SECONDS = 30


def leave_deadline(address: HostAddress, deadline_at: datetime) -> None:
    """Write the deadline of a lease on its host, and warn if nobody there keeps it.

    Raises:
        InstanceError: the host does not answer, breaks off, or cannot write.

    """
    asyncio.run(_leave(address, f"{deadline_at.timestamp():.0f}\n"))


async def _leave(address: HostAddress, text: str) -> None:
    async with open_connection(address) as host:
        async with host.start_sftp_client() as sftp:
            await sftp.makedirs(posixpath.dirname(DEADLINE_FILE), exist_ok=True)
            await write_file(sftp, DEADLINE_FILE, text.encode())
        found = await run_script(host, f"{FIND_WATCH} || true", max_seconds=FIND_SECONDS)
    if not found:
        logger.warning(
            "host=%s does not power itself off when everything else is down: install the watch of "
            "trainer/host there, as docs/runbooks/gpu-left-on.md says",
            address,
        )
