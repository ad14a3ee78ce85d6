"""Start PostgreSQL and every stand-in, say where they are, and end them all together."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from sandbox.addresses import SandboxAddresses, remove_addresses, write_addresses
from sandbox.counts import Counts
from sandbox.gpu.ec2_fleet import Ec2Fleet
from sandbox.gpu.gpu_host import GpuHost, require_trainer_environment
from sandbox.options import SandboxOptions
from sandbox.ports import PortBook, require_free
from sandbox.postgres.databases import (
    AIRFLOW,
    ANALYST,
    APP,
    PIPELINE,
    KeptSecrets,
    close_other_databases,
    create_databases,
    given_server,
)
from sandbox.postgres.server import EmbeddedPostgres, PostgresAddress
from sandbox.processes.startable import Startable
from sandbox.stand_ins import StandIns, load_shown_world
from sandbox.state_lock import lock_state

if TYPE_CHECKING:
    from sandbox.web import WebServer


class Sandbox(Startable):
    """A whole sandbox, of which nothing is created before `start`.

    One at a time in a process (moto's state is global). `say` gets one line for each service as
    it becomes ready.
    """

    def __init__(
        self, options: SandboxOptions, say: Callable[[str], None] = lambda _line: None
    ) -> None:
        self._options = options
        self._say = say
        self._state = options.state.resolve()
        self._closing = ExitStack()
        self._postgres: EmbeddedPostgres | None = None
        self._stand_ins: StandIns | None = None
        self._addresses: SandboxAddresses | None = None
        self.counts = Counts()
        # The machines by their instances, and the web, for tests in this process that break or hold them.
        self.fleet: Ec2Fleet | None = None
        self.hosts: dict[str, GpuHost] = {}
        self.web: WebServer | None = None

    @property
    def addresses(self) -> SandboxAddresses:
        """Where everything answers; only while it runs."""
        if self._addresses is None:
            msg = "the sandbox is not running; call start() first"
            raise RuntimeError(msg)
        return self._addresses

    def start(self) -> SandboxAddresses:
        """Start everything; if one service cannot start, end the others and raise its error."""
        with ExitStack() as closing:
            self._start(closing)
            self._closing = closing.pop_all()
        return self.addresses

    def stop(self) -> None:
        """End everything, newest first; a second call does nothing."""
        self._addresses = None
        self._closing.close()

    def broken_part(self) -> str | None:
        """Return a sentence about a service that died by itself, None while all is well."""
        if self._postgres is not None and not self._postgres.is_running():
            return f"PostgreSQL ended by itself; see {self._state / 'postgres' / 'postgres.log'}"
        return self._stand_ins.broken_part() if self._stand_ins else None

    def _start(self, closing: ExitStack) -> None:
        options, state = self._options, self._state
        require_trainer_environment(options.trainer_bin)
        if options.control_port:
            require_free(options.control_port, "--control-port")
        state.mkdir(parents=True, exist_ok=True)
        closing.enter_context(lock_state(state))
        remove_addresses(state)  # left by a sandbox that was killed
        ports = PortBook(state, options.ports)
        kept = KeptSecrets(state / "secrets.json")
        world = load_shown_world(options, self._say)
        server = self._start_postgres(closing, ports)
        logins = create_databases(server, kept)
        if self._postgres is not None:
            close_other_databases(server)
        self._say(f"PostgreSQL        {server.host}:{server.port}")
        stand_ins = StandIns(options, world, ports, kept, counts=self.counts, say=self._say)
        self._stand_ins = stand_ins
        answering = stand_ins.start()
        closing.callback(stand_ins.stop)
        self.fleet, self.hosts, self.web = stand_ins.fleet, stand_ins.hosts, stand_ins.web
        self._addresses = SandboxAddresses(
            **vars(answering),
            process_id=os.getpid(),
            postgres=server,
            warehouse=logins[PIPELINE],
            app=logins[APP],
            analyst=logins[ANALYST],
            airflow_db=logins[AIRFLOW],
        )
        write_addresses(state, self._addresses)
        closing.callback(remove_addresses, state)

    def _start_postgres(self, closing: ExitStack, ports: PortBook) -> PostgresAddress:
        if os.environ.get("PGHOST"):
            return given_server()
        self._postgres = EmbeddedPostgres(self._state / "postgres", ports)
        closing.callback(self._postgres.stop)
        return self._postgres.start()


def print_line(line: str) -> None:
    """Write one line at once, even into a pipe."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
