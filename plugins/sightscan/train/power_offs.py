"""When a host powered itself off: it noted so on its disk, since EC2 does not say.

The other half is `trainer/host`.
"""

import asyncio
import logging
import re
from datetime import UTC, datetime
from typing import Any

import psycopg

from sightscan.train.host import HostAddress
from sightscan.train.transfer import open_connection, run_script
from sightscan.warehouse.models.instances import correct_seen_ends

logger = logging.getLogger(__name__)

# In the home of the host's user; a line each time, seconds since 1970.
POWER_OFFS_FILE = ".sightscan-power-offs"
READ_SECONDS = 30
# Whatever else lies there, a folder or a pipe, tells nothing. The watch keeps twenty lines.
_READ = 'if [ -f "$1" ]; then head -c 1000 -- "$1"; fi'
# Up to the year 2286.
_SECONDS = re.compile("[0-9]{1,10}")


def correct_bills(
    connection: psycopg.Connection[Any], address: HostAddress, instance_id: str
) -> None:
    """Correct the bills of the sessions that a host ended itself, by its own word.

    Raises:
        InstanceError: the host does not answer, breaks off, or cannot read its note.
        TrainingError: there is no end to what it prints.

    """
    power_offs = asyncio.run(_read(address))
    for seen_at, off_at in correct_seen_ends(connection, instance_id, power_offs):
        logger.info(
            "%s powered itself off at %s, which was seen at %s only: its bill ends there",
            instance_id,
            off_at,
            seen_at,
        )


async def _read(address: HostAddress) -> list[datetime]:
    async with open_connection(address) as host:
        text = await run_script(host, _READ, POWER_OFFS_FILE, max_seconds=READ_SECONDS)
    power_offs = []
    for line in text.decode("utf-8", "replace").splitlines():
        if _SECONDS.fullmatch(line):
            power_offs.append(datetime.fromtimestamp(int(line), UTC))
        else:
            logger.warning(
                "host=%s notes a power-off at %.40r, which is ignored: expected seconds since 1970",
                address,
                line,
            )
    return power_offs
