"""The one shell command that a training is: built here, quoted once.

The operator that submits it appends redirections and reads `$?` in the same script, so it must be
a single command: one `bash -c`, without `;`, lines or `exit` around it.
"""

import shlex

from sightscan.training import TRAINER_KILL_SECONDS, Training, training_seconds


def training_command(training: Training, trainer_command: str) -> str:
    """Return the command that trains in the run folder, relative to the home of the host's user.

    `trainer_command` is split into words like a shell does and never interpreted by one. The host
    ends a training that overruns its limit by itself: when a task is cancelled or times out, the
    remote job runs on, and nobody else may be left to stop it.
    """
    words = [
        "exec",
        # In the foreground: a process group of its own would escape the operator's kill.
        "timeout",
        "--foreground",
        f"--kill-after={TRAINER_KILL_SECONDS}",
        str(training_seconds(training.request.time_limit_seconds)),
        *shlex.split(trainer_command),
        training.run_folder,
        training.model_folder,
    ]
    return shlex.join(["bash", "-euo", "pipefail", "-c", shlex.join(words)])
