"""One option of Airflow's configuration, wherever an operator has put it, without importing Airflow.

Airflow takes an option from its variable, from the output of a command (`_CMD`), from a secrets backend
(`_SECRET`), and then from its file, where the same three stand. Only Airflow itself can ask its backend.
"""

import configparser
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from threading import Lock

from sightscan.services.doctor.installation import Installation
from sightscan.services.question import CheckFailedError

# Less than a check may take; Airflow needs most of it on a busy machine.
COMMAND_SECONDS = 20
WAYS = ("", "_CMD", "_SECRET")

_one_at_a_time = Lock()


@dataclass(frozen=True, slots=True)
class AirflowOption:
    """An option by its section and key, in lower case."""

    section: str
    key: str

    @property
    def variable(self) -> str:
        """Return the variable that has it."""
        return f"AIRFLOW__{self.section.upper()}__{self.key.upper()}"


def read_option(installation: Installation, option: AirflowOption) -> str:
    """Return the value of an option as Airflow would find it; empty if it is set nowhere.

    Raises:
        CheckFailedError: a command that should say it fails, or says nothing.

    """
    given = {way: installation.environment.get(option.variable + way, "") for way in WAYS}
    if not any(given.values()):
        given = {way: _in_file(installation, option, way) for way in WAYS}
    if given[""]:
        return given[""]
    if given["_CMD"]:
        return _output_of(
            shlex.split(given["_CMD"]), installation.environment, f"{option.variable}_CMD"
        )
    if given["_SECRET"]:
        # All checks ask at once, and Airflow takes seconds to start.
        with _one_at_a_time:
            return _ask_airflow(option, tuple(sorted(installation.environment.items())))
    return ""


def _in_file(installation: Installation, option: AirflowOption, way: str) -> str:
    file = (
        installation.environment.get("AIRFLOW_CONFIG") or installation.airflow_home / "airflow.cfg"
    )
    parser = configparser.RawConfigParser()
    parser.read(file, encoding="utf-8")
    return parser.get(option.section, option.key + way.lower(), fallback="")


@cache
def _ask_airflow(option: AirflowOption, environment: tuple[tuple[str, str], ...]) -> str:
    command = [sys.executable, "-m", "airflow", "config", "get-value", option.section, option.key]
    answer = _output_of(command, dict(environment), f"{option.variable}_SECRET")
    # Before the value come warnings, if any.
    return answer.splitlines()[-1]


def _output_of(command: list[str], environment: Mapping[str, str], name: str) -> str:
    try:
        done = subprocess.run(
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        msg = f"the command of {name} fails ({type(error).__name__})"
        raise CheckFailedError(msg, f"run it as Airflow's user, or correct {name}") from None
    said = done.stdout.strip()
    if done.returncode or not said:
        msg = f"the command of {name} ends with status {done.returncode}, or says nothing"
        raise CheckFailedError(msg, f"run it as Airflow's user, or correct {name}")
    return said
