"""The job that a training is on its host: whether it still lives, and its end.

Airflow's SSH provider starts a training as a job of its own session, in a folder
`.sightscan-jobs/<job id>` with `pid`, `stdout.log` and, at the end, `exit_code`. A number in `pid`
may be another process's after a reboot, so it counts only if that process was started for this
job; what the job started is known by the `LOG_FILE` in its environment, whatever its group. A
container is nobody's child and is known by its label.
"""

import asyncio
import logging
import shlex

from sightscan.errors import InstanceError, TrainingError
from sightscan.train.host import HostAddress
from sightscan.train.transfer import open_connection, run_script

logger = logging.getLogger(__name__)

# Relative to the home of the host's user, where the job's folder lies.
JOBS_FOLDER = ".sightscan-jobs"
# Beside them: why the host itself ended the job.
ENDED_FILE = "ended"
CONTAINER_LABEL = "sightscan.training"
ALL_JOBS = "*"
# A process in the driver of a GPU may take seconds to die; a hand-over waits for it.
KILL_LOOKS = 80
KILL_COMMAND_SECONDS = 30

# $1 is the folder of the job.
_STATE_SCRIPT = """
state=unborn
if pid=$(cat "$1/pid" 2>/dev/null) && [ -n "$pid" ]; then
    state=gone
    grep -qsaF "$1/exit_code.tmp" "/proc/$pid/cmdline" && state=alive
fi
echo "$state"
head -c 500 "$1/ended" 2>/dev/null || true
"""
# $1 is the folder of all jobs, $2 a job's id or "*", $3 how often to look, $4 the label.
_END_SCRIPT = """
members() {
    for file in "$1"/$2/pid; do
        job=${file%/pid}
        pid=$(cat "$file" 2>/dev/null) || continue
        [ -n "$pid" ] && grep -qsaF "$job/exit_code.tmp" "/proc/$pid/cmdline" && echo "$pid"
        for environment in $(grep -lsazF "LOG_FILE=$job/" /proc/[0-9]*/environ); do
            grep -qsazxF "HOME=$HOME" "$environment" && basename "${environment%/environ}"
        done
    done
}
end_containers() {
    command -v docker >/dev/null || return 0
    for docker in docker "sudo -n docker"; do
        found=$($docker ps --quiet --filter "label=$1" 2>/dev/null) || continue
        [ -z "$found" ] || $docker kill $found >/dev/null
        return 0
    done
}
for look in $(seq "$3"); do
    left=$(members "$1" "$2" | sort -u)
    if [ -z "$left" ]; then end_containers "$4"; exit; fi
    kill -KILL $left 2>/dev/null
    sleep 0.1
done
echo these would not end: $left >&2
exit 1
"""


def state_command(job_folder: str) -> str:
    """Return the command that prints `alive`, `gone` or `unborn`, and below why the host ended it."""
    return shlex.join(["bash", "-c", _STATE_SCRIPT, "job-state", job_folder])


def end_command(job_id: str = ALL_JOBS) -> str:
    """Return the command that kills a job, or all jobs, with all that they started; it waits for it.

    It complains of what would not die and fails.
    """
    return shlex.join(["bash", "-c", _END_SCRIPT, "end-job", *_end_arguments(job_id)])


def _end_arguments(job_id: str) -> list[str]:
    return [JOBS_FOLDER, job_id, str(KILL_LOOKS), CONTAINER_LABEL]


def kill_job(address: HostAddress) -> None:
    """End whatever training still runs on a host: its processes, or its container.

    Nothing is asked of it: a checkpoint is whole at any moment. The caller holds the host.

    Raises:
        InstanceError: the host does not answer, or something would not end.

    """
    asyncio.run(_kill(address))
    logger.info("host=%s no training runs there", address)


async def _kill(address: HostAddress) -> None:
    async with open_connection(address) as host:
        try:
            await run_script(
                host, _END_SCRIPT, *_end_arguments(ALL_JOBS), max_seconds=KILL_COMMAND_SECONDS
            )
        except (InstanceError, TrainingError) as error:
            msg = (
                f"the old training on {address} could not be ended ({error}): stop the instance "
                "before it is used again"
            )
            raise InstanceError(msg) from error
