"""Have a GPU host train on drawn photos before anything is sent to it (`trainer.selfcheck`).

A host without CUDA is not asked: the drawn demo's has none, and on a CPU there is little that could not work.
"""

import asyncio
import logging

from sightscan.errors import InstanceError
from sightscan.settings import Settings
from sightscan.train.command import selfcheck_command
from sightscan.train.host import HostAddress
from sightscan.train.host_lock import is_host_busy
from sightscan.train.transfer import open_connection, run_script
from sightscan.training import SELFCHECK_SECONDS

logger = logging.getLogger(__name__)

_LIST_GPUS = "command -v nvidia-smi >/dev/null && nvidia-smi -L || true"
# It ends itself and is killed by its host; then the line is dead.
LINE_MARGIN_SECONDS = 120
# Of `timeout` and its kill, of the check's own alarm in a container, and without one.
_TIMED_OUT_STATUSES = (124, 137, 142)
_TIMED_OUT_SIGNALS = ("ALRM", "KILL")


def check_training(config: Settings, address: HostAddress) -> str:
    """Return what the host's self-check said, or why it was not asked.

    Raises:
        InstanceError: it cannot train as the settings ask; the sentence names what failed.

    """
    said = asyncio.run(_check(config, address))
    logger.info("host=%s %s", address, said)
    return said


async def _check(config: Settings, address: HostAddress) -> str:
    async with open_connection(address) as host:
        gpus = (await run_script(host, _LIST_GPUS)).decode("utf-8", "replace").strip()
        if not gpus:
            return "no self-check: the host has no CUDA"
        if await is_host_busy(host):
            # Of an earlier try of ours, which trains still: it has the GPU's memory, and needs no proof.
            return "no self-check: somebody is at work on the host"
        ended = await host.run(
            selfcheck_command(config), timeout=SELFCHECK_SECONDS + LINE_MARGIN_SECONDS
        )
    if ended.exit_status == 0:
        return _last_line(ended.stdout)
    signal_name = ended.exit_signal[0] if ended.exit_signal else ""
    if ended.exit_status in _TIMED_OUT_STATUSES or signal_name in _TIMED_OUT_SIGNALS:
        what = f"it did not end within {SELFCHECK_SECONDS} s"
    else:
        what = _last_line(ended.stderr) or f"exit status {ended.exit_status}, and not a word"
    msg = (
        f"the self-check of {address} failed: {what}; nothing was uploaded: mend the host (driver, "
        "container toolkit, image of the trainer), ask for less (MTS_BATCH_SIZE, MTS_IMAGE_SIZE, "
        "MTS_ARCHITECTURE), or use another instance in MTS_EC2_INSTANCE_ID"
    )
    raise InstanceError(msg)


def _last_line(said: object) -> str:
    lines = [line.strip() for line in str(said or "").splitlines() if line.strip()]
    return lines[-1][:500] if lines else ""
