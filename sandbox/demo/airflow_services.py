"""Airflow on one machine: database, API server, scheduler, DAG processor and triggerer.

`airflow standalone` does the same, but orphans its children on SIGTERM and prints its password
into a log; here each part is a kept process of its own, which ends with the demo whatever happens.
"""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.demo.airflow_api import AirflowApi, AirflowApiError
from sandbox.files import write_private
from sandbox.ports import free_port
from sandbox.processes.processes import KeptProcess, start_kept

REPOSITORY = Path(__file__).resolve().parents[2]
USERNAME = "admin"
START_TIMEOUT_SECONDS = 180
PARTS = ("api-server", "scheduler", "dag-processor", "triggerer")


def _new_key() -> str:
    """Return 32 random bytes in padded URL-safe base64: what Fernet, too, wants of a key."""
    return secrets.token_urlsafe(32) + "="


@dataclass(frozen=True)
class AirflowLogin:
    """Where the UI is and how to log in."""

    url: str
    username: str
    password: str


class AirflowServices:
    """Airflow's processes in a folder; start them, use `api`, stop them."""

    parts: tuple[str, ...] = PARTS
    start_timeout_seconds = START_TIMEOUT_SECONDS

    def __init__(self, folder: Path, port: int, environment: Mapping[str, str]) -> None:
        """Remember what to start; `environment` has the settings and the database's address."""
        self._folder = folder.resolve()
        self._port = port
        self._given = dict(environment)
        self._parts: dict[str, KeptProcess] = {}
        self._log_ports: dict[str, str] = {}
        self._api: AirflowApi | None = None
        self.login = AirflowLogin(f"http://127.0.0.1:{port}", USERNAME, "")

    @property
    def api(self) -> AirflowApi:
        """The REST API, logged in."""
        if self._api is None:
            msg = "Airflow is not running; call start() first"
            raise AirflowApiError(msg)
        return self._api

    @property
    def environment(self) -> dict[str, str]:
        """What every Airflow process, and `airflow` on the command line, must be given."""
        logs = self._folder / "logs"
        return {
            **self._given,
            "AIRFLOW_HOME": str(self._folder),
            "AIRFLOW_CONFIG": str(REPOSITORY / "airflow.cfg"),
            "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPOSITORY / "plugins"),
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": "7",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.login.url}/execution/",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USERNAME}:admin",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self._passwords_file),
            "AIRFLOW__CORE__FERNET_KEY": self._secret("fernet_key"),
            "AIRFLOW__API__SECRET_KEY": self._secret("api_secret_key"),
            "AIRFLOW__API_AUTH__JWT_SECRET": self._secret("jwt_secret"),
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self._port),
            "AIRFLOW__API__BASE_URL": self.login.url,
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(logs),
            # Each parse of the cities takes seconds of a core, which the training has better use
            # for; `parse_dags` is for when somebody is waiting.
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "120",
            "AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK": "False",
            "PYTHONPATH": os.pathsep.join([str(REPOSITORY / "plugins"), str(REPOSITORY)]),
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
            "HOME": os.environ.get("HOME", str(self._folder)),
            "LANG": "C.UTF-8",
        }

    def start(self) -> AirflowLogin:
        """Prepare the database, start the parts and wait until all are healthy.

        Raises:
            AirflowApiError: a part ended, or is not healthy in time; the message has its last lines.

        """
        self._folder.mkdir(parents=True, exist_ok=True)
        password = self._secret("admin_password", lambda: secrets.token_urlsafe(9))
        write_private(self._passwords_file, json.dumps({USERNAME: password}))
        self.login = AirflowLogin(self.login.url, USERNAME, password)
        # Two demos on one machine must not fight over the ports of the log servers.
        self._log_ports = {
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
        }
        self.run(["db", "migrate"])
        self.prepare(password)
        for part in self.parts:
            self.start_part(part)
        self._api = AirflowApi(self.login.url, USERNAME, password)
        self._api.await_healthy(self.start_timeout_seconds, self.check_running)
        return self.login

    def prepare(self, password: str) -> None:
        """Do what else is to be done before the parts start, the database being migrated."""

    def start_part(self, name: str) -> KeptProcess:
        """Start one of `parts`, also again after its end."""
        part = self._parts[name] = start_kept(
            name,
            self.command_of(name),
            environment=self.environment_of(name),
            folder=self._folder,
            log_path=self._folder / f"{name}.log",
        )
        return part

    def command_of(self, name: str) -> list[str]:
        """Return the command line of one of `parts`."""
        return ["airflow", name]

    def environment_of(self, name: str) -> dict[str, str]:
        """Return what one of `parts` is given: here all the same."""
        del name
        return self.environment | self._log_ports

    def part(self, name: str) -> KeptProcess:
        """Return the process of one of `parts` that was started last."""
        return self._parts[name]

    def check_running(self) -> None:
        """Raise with the last lines of its log if a part has ended."""
        for part in self._parts.values():
            if not part.is_running():
                msg = f"Airflow's {part.name} ended; see {part.log_path}:\n{part.last_lines(15)}"
                raise AirflowApiError(msg)

    def stop(self) -> None:
        """End all parts and everything that they started."""
        if self._api is not None:
            self._api.close()
            self._api = None
        while self._parts:
            self._parts.popitem()[1].stop()

    @property
    def _passwords_file(self) -> Path:
        return self._folder / "passwords.json"

    def parse_dags(self) -> None:
        """Parse all DAG files now: a city that was just added must not wait for the next turn."""
        self.run(["dags", "reserialize"])

    def run(self, arguments: list[str], answers: str = "") -> None:
        """Run a command of Airflow's; `answers` are typed where it asks for something.

        Raises:
            AirflowApiError: it failed; the message has its last lines.

        """
        done = subprocess.run(
            ["airflow", *arguments],
            env=self.environment,
            cwd=self._folder,
            # Without a terminal, a password is read from its input.
            start_new_session=True,
            input=answers,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            lines = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
            msg = f"`airflow {' '.join(arguments)}` failed:\n{lines}"
            raise AirflowApiError(msg)

    def _secret(self, name: str, make: Callable[[], str] = _new_key) -> str:
        """Make a secret once and keep it: tokens and encrypted values outlive a restart."""
        file = self._folder / "secrets" / name
        if not file.exists():
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(file, make())
        return file.read_text(encoding="utf-8").strip()
