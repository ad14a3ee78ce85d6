"""Everything that the demo starts, in order: sandbox, warehouse, Airflow, app."""

import os
import shlex
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from sandbox.addresses import SandboxAddresses
from sandbox.control import ControlClient
from sandbox.demo.airflow_api import AirflowApi
from sandbox.demo.airflow_services import AirflowLogin, AirflowServices
from sandbox.demo.pipeline import migrate_warehouse, pipeline_settings, sign_older_models
from sandbox.demo.profile import DemoProfile
from sandbox.files import write_private
from sandbox.launch import SandboxProcess
from sandbox.ports import PortTaken, is_free
from sandbox.processes.processes import KeptProcess, start_kept
from sandbox.processes.startable import Startable
from sandbox.world.world import World, load_world
from sightscan.settings import Settings, read_settings
from sightscan.warehouse.connection import connect

REPOSITORY = Path(__file__).resolve().parents[2]
APP_BIN = REPOSITORY / ".venv" / "app" / "bin"
# Holds the passwords of this demo: readable by its owner only, as write_private does.
ENVIRONMENT_FILE = "environment"


@dataclass(frozen=True)
class ChainOptions:
    """What to start and where; ports are for people, everything else finds its own."""

    state: Path
    profile: DemoProfile
    world: Path | None = None
    background: Path | None = None
    airflow_port: int = 8080
    app_port: int = 8501
    with_app: bool = True


class Chain(Startable):
    """The whole chain; `say` gets a line for each part that is up."""

    def __init__(self, options: ChainOptions, say: Any = print) -> None:
        self._options = options
        self._say = say
        self._state = options.state.resolve()
        self._closing = ExitStack()
        self._airflow: AirflowServices | None = None
        self._app: KeptProcess | None = None

    def start(self) -> None:
        """Start everything; if a part cannot start, end the others and raise its error."""
        with ExitStack() as closing:
            self._start(closing)
            self._closing = closing.pop_all()

    def stop(self) -> None:
        """End everything that it started, newest first."""
        self._closing.close()

    @property
    def addresses(self) -> SandboxAddresses:
        """Where the stand-ins answer."""
        return self._sandbox.addresses

    @property
    def control(self) -> ControlClient:
        """Ask the stand-ins what they were asked."""
        return ControlClient(self.addresses.control_url)

    @property
    def world(self) -> World:
        """What the stand-ins show."""
        return load_world(self.addresses.world, self._options.background)

    @property
    def api(self) -> AirflowApi:
        """Airflow's REST API, logged in."""
        return self._services.api

    @property
    def login(self) -> AirflowLogin:
        """Where Airflow's UI is and how to log in."""
        return self._services.login

    @property
    def app_url(self) -> str:
        """Where the app is."""
        return f"http://127.0.0.1:{self._options.app_port}"

    @property
    def airflow_environment(self) -> dict[str, str]:
        """What `airflow` on the command line must be given to be this Airflow."""
        return self._services.environment

    @property
    def environment_file(self) -> Path:
        """Shell commands that export `airflow_environment`."""
        return self._state / ENVIRONMENT_FILE

    @property
    def settings(self) -> Settings:
        """The settings that the pipeline's tasks have."""
        return read_settings(
            **{name.lower(): value for name, value in self._pipeline_environment().items()}
        )

    def connect(self) -> AbstractContextManager[psycopg.Connection[Any]]:
        """Open the warehouse as the pipeline."""
        return connect(self.settings, autocommit=True)

    def parse_dags(self) -> None:
        """Have Airflow parse all DAG files now."""
        self._services.parse_dags()

    def check_running(self) -> None:
        """Raise, with the last lines of its log, if a part has ended by itself."""
        self._services.check_running()
        if self._app is not None and not self._app.is_running():
            msg = f"the app ended; see {self._app.log_path}:\n{self._app.last_lines(15)}"
            raise RuntimeError(msg)

    @property
    def _services(self) -> AirflowServices:
        if self._airflow is None:
            msg = "the chain is not up; use it as a context manager"
            raise RuntimeError(msg)
        return self._airflow

    def _start(self, closing: ExitStack) -> None:
        options = self._options
        _check_port(options.airflow_port, "AIRFLOW_PORT")
        if options.with_app:
            _check_port(options.app_port, "APP_PORT")
        world = [
            part
            for name, folder in (("--world", options.world), ("--background", options.background))
            if folder
            for part in (name, str(folder.resolve()))
        ]
        self._sandbox = SandboxProcess(self._state / "sandbox", world)
        closing.callback(self._sandbox.stop)
        self._sandbox.start()
        self._say(f"sandbox   {len(self.world.photos)} photos of {self.world.city}, on loopback")
        migrate_warehouse(self.addresses)
        sign_older_models(self.settings)
        warehouse = self.addresses.warehouse
        self._say(f"warehouse {warehouse.database} at {warehouse.host}:{warehouse.port}")
        self._airflow = AirflowServices(
            self._state / "airflow",
            options.airflow_port,
            {
                **self._pipeline_environment(),
                "APP_URL": self.app_url if options.with_app else "",
                # Not SQLite: scheduler, API server and workers write at the same time.
                "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": self.addresses.airflow_db.url(),
            },
        )
        closing.callback(self._airflow.stop)
        login = self._airflow.start()
        self._say(f"Airflow   {login.url}  (user {login.username}, password {login.password})")
        self._write_environment()
        if options.with_app:
            self._app = self._start_app()
            closing.callback(self._app.stop)
            self._say(f"app       {self.app_url}")

    def _write_environment(self) -> None:
        """Let a shell be this Airflow's and this warehouse's: `. environment`, or `make airflow`."""
        lines = [
            f"export {name}={shlex.quote(value)}\n"
            for name, value in sorted(self.airflow_environment.items())
            if name not in {"HOME", "LANG"}
        ]
        write_private(self.environment_file, "".join(lines))

    def _start_app(self) -> KeptProcess:
        folder = self._state / "app"
        folder.mkdir(parents=True, exist_ok=True)
        return start_kept(
            "app",
            [
                str(APP_BIN / "streamlit"),
                "run",
                str(REPOSITORY / "detector_app" / "server.py"),
                f"--server.port={self._options.app_port}",
                "--server.address=127.0.0.1",
                "--server.headless=true",
                "--browser.gatherUsageStats=false",
            ],
            environment={
                **self.addresses.app.environment,
                "MODEL_CACHE_DIR": str(folder / "models"),
                "MODEL_PUBLIC_KEYS": self.settings.model_public_keys,
                "PYTHONPATH": str(REPOSITORY),
                "PATH": os.environ.get("PATH", ""),
                "HOME": str(folder),
                "LANG": "C.UTF-8",
            },
            folder=REPOSITORY / "detector_app",
            log_path=folder / "app.log",
        )

    def _pipeline_environment(self) -> dict[str, str]:
        return {
            **pipeline_settings(self.addresses, self._state),
            **self._options.profile.settings,
        }


def _check_port(port: int, name: str) -> None:
    if not is_free(port):
        msg = (
            f"port {port} is taken; end the program that listens there, or choose another: "
            f"make demo {name}={port + 1}"
        )
        raise PortTaken(msg)
