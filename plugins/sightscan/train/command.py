"""The one shell command that a training is: built here, quoted once.

The operator that submits it appends redirections and reads `$?` in the same script, so it must be
a single command: one `bash -c`, without `;`, lines or `exit` around it.
"""

import shlex
from collections.abc import Sequence
from pathlib import PurePosixPath

from sightscan.model_folder import PROGRESS_FILE
from sightscan.settings import Settings
from sightscan.train.jobs import CONTAINER_LABEL
from sightscan.training import (
    SELFCHECK_SECONDS,
    TRAINER_KILL_SECONDS,
    Training,
    training_seconds,
)

# Where the host's own watch, trainer/host, finds the epochs of a training.
PROGRESS_VARIABLE = "SIGHTSCAN_PROGRESS"


def training_command(training: Training, trainer_command: str) -> str:
    """Return the command that trains in the run folder, relative to the home of the host's user.

    `trainer_command` is split into words like a shell does and never interpreted by one. The host
    ends a training that overruns its limit by itself: when a task is cancelled or times out, the
    remote job runs on, and nobody else may be left to stop it.
    """
    words = [
        "exec",
        "env",
        f"{PROGRESS_VARIABLE}={training.model_folder}/{PROGRESS_FILE}",
        # In the foreground: a process group of its own would escape the operator's kill.
        "timeout",
        "--foreground",
        f"--kill-after={TRAINER_KILL_SECONDS}",
        str(training_seconds(training.request.time_limit_seconds)),
        *_labelled(shlex.split(trainer_command), training.run_folder),
        training.run_folder,
        training.model_folder,
    ]
    return shlex.join(["bash", "-euo", "pipefail", "-c", shlex.join(words)])


def selfcheck_command(config: Settings) -> str:
    """Return the command by which a host with CUDA shows that it can train as the settings ask."""
    words = [
        "timeout",
        "--foreground",
        f"--kill-after={TRAINER_KILL_SECONDS}",
        str(SELFCHECK_SECONDS),
        *_labelled(shlex.split(config.mts_trainer_command), "self-check"),
        "--selfcheck",
        "--expect-cuda",
        # In a container, which outlives its client.
        f"--seconds={SELFCHECK_SECONDS}",
        f"--architecture={config.mts_architecture}",
        f"--image-size={config.mts_image_size}",
        f"--batch-size={config.mts_batch_size}",
    ]
    return shlex.join(words)


def _labelled(words: Sequence[str], run_folder: str) -> list[str]:
    """Label the container that `docker run` makes: it outlives a client that is killed.

    A label, not a name: two of one name exclude each other, and so would a retry and what is left.
    """
    place = words.index("run") + 1 if "run" in words else 0
    programs = [PurePosixPath(word).name for word in words[:place]]
    if "docker" not in (programs if programs[:1] == ["sudo"] else programs[:1]):
        return list(words)
    label = ["--label", f"{CONTAINER_LABEL}={run_folder}"]
    return [*words[:place], *label, *words[place:]]
