"""Start every stand-in of the sandbox, say where they are, and end them all together."""

from __future__ import annotations

import fcntl
import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from sandbox.addresses import (
    LOCK,
    AwsAddress,
    PostgresAddress,
    SandboxAddresses,
    remove_addresses,
    write_addresses,
)
from sandbox.control import ControlServer
from sandbox.counts import Counts
from sandbox.gpu.ec2 import REGION, Ec2Server, new_key
from sandbox.gpu.ec2_fleet import Ec2Fleet
from sandbox.gpu.ec2_wire import AwsKey
from sandbox.gpu.gpu_host import (
    DEFAULT_TRAINER_BIN,
    GpuHost,
    ed25519_key,
    require_trainer_environment,
)
from sandbox.ports import LOOPBACK, PortBook, require_free
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
from sandbox.postgres.server import EmbeddedPostgres
from sandbox.processes.startable import Startable
from sandbox.world.world import World, load_world

if TYPE_CHECKING:
    from sandbox.vision.landmark_answers import VisionErrors
    from sandbox.vision.server import VisionServer
    from sandbox.web import WebServer

LOCK_ATTEMPTS = 10
LOCK_PAUSE_SECONDS = 0.05


class StateInUse(RuntimeError):
    """Another sandbox runs on the state folder."""


@dataclass(frozen=True)
class SandboxOptions:
    """How to start a sandbox; `world` None means the default one, drawn below `state`; `vision_errors` None the usual ones.

    `watch_options` are for the watch on the GPU hosts, `python -m trainer.host`.
    """

    state: Path
    world: Path | None = None
    # Another world, whose photos are backgrounds.
    background: Path | None = None
    # Worlds of other cities, which the stand-ins know, too.
    neighbours: tuple[Path, ...] = ()
    instances: int = 1
    transition_seconds: float = 2.0
    boot_seconds: float = 1.0
    watch_options: tuple[str, ...] = ()
    trainer_bin: Path = DEFAULT_TRAINER_BIN
    control_port: int = 0
    vision_errors: VisionErrors | None = None


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
        return None

    def _start(self, closing: ExitStack) -> None:
        options, state = self._options, self._state
        require_trainer_environment(options.trainer_bin)
        if options.control_port:
            require_free(options.control_port, "--control-port")
        state.mkdir(parents=True, exist_ok=True)
        closing.enter_context(_lock(state))
        remove_addresses(state)  # left by a sandbox that was killed
        ports = PortBook(state)
        kept = KeptSecrets(state / "secrets.json")
        world = self._load_world()
        server = self._start_postgres(closing, ports)
        logins = create_databases(server, kept)
        if self._postgres is not None:
            close_other_databases(server)
        self._say(f"PostgreSQL        {server.host}:{server.port}")
        fleet, self.hosts = self._start_machines(closing, ports)
        self.fleet = fleet
        key = AwsKey(
            kept.get("aws_access_key_id", lambda: new_key().access_key_id),
            kept.get("aws_access_key", lambda: new_key().access_key),
        )
        ec2 = Ec2Server(fleet, key, self.counts, port=ports.port_for("ec2"))
        closing.enter_context(ec2)
        self._say(f"EC2               {ec2.url}  {', '.join(fleet.instance_ids)}")
        vision, web = self._start_services(closing, ports, world)
        self.web = web
        control_port = options.control_port or ports.port_for("control")
        control = ControlServer(
            self.counts, fleet, vision.set_fault, web.refusals.set, port=control_port
        )
        closing.enter_context(control)
        self._say(f"control           {control.url}")
        self._addresses = SandboxAddresses(
            control_url=control.url,
            process_id=os.getpid(),
            world=world.folder,
            postgres=server,
            warehouse=logins[PIPELINE],
            app=logins[APP],
            analyst=logins[ANALYST],
            airflow_db=logins[AIRFLOW],
            aws=AwsAddress(ec2.url, REGION, key.access_key_id, key.access_key),
            instances=tuple(host.address for host in self.hosts.values()),
            vision_endpoint=f"{LOOPBACK}:{vision.port}",
            wikidata_sparql_url=web.wikidata_sparql_url,
            wikidata_api_url=web.wikidata_api_url,
            commons_api_url=web.commons_api_url,
            openverse_api_url=web.openverse_api_url,
            places_api_url=web.places_api_url,
            search_pages_url=web.search_pages_url,
            trusted_origins=(f"http://{LOOPBACK}:{web.port}",),
        )
        write_addresses(state, self._addresses)
        closing.callback(remove_addresses, state)

    def _load_world(self) -> World:
        folder = self._options.world
        if folder is None:
            from sandbox.world.drawing import draw_world

            folder = self._state / "world"
            if not folder.exists():
                self._say("world             drawing the default one: a minute or two, once")
            draw_world(folder)
        world = load_world(folder, self._options.background, self._options.neighbours)
        for city in world.cities:
            self._say(
                f"world             {city.city}: {len(city.photos)} photos of "
                f"{len(city.sights)} sights in {city.folder}"
            )
        return world

    def _start_postgres(self, closing: ExitStack, ports: PortBook) -> PostgresAddress:
        if os.environ.get("PGHOST"):
            return given_server()
        self._postgres = EmbeddedPostgres(self._state / "postgres", ports)
        closing.callback(self._postgres.stop)
        return self._postgres.start()

    def _start_machines(
        self, closing: ExitStack, ports: PortBook
    ) -> tuple[Ec2Fleet, dict[str, GpuHost]]:
        options = self._options
        fleet = Ec2Fleet(
            self._state / "ec2",
            self.counts,
            instance_count=options.instances,
            transition_seconds=options.transition_seconds,
        )
        client_key = ed25519_key(self._state / "gpu_host_key", "sightscan pipeline")
        hosts = {}
        for instance_id in fleet.instance_ids:
            host = hosts[instance_id] = GpuHost(
                instance_id,
                self._state / "instances" / instance_id,
                self.counts,
                ports,
                client_key=client_key,
                trainer_bin=options.trainer_bin.absolute(),
                boot_seconds=options.boot_seconds,
                watch_options=options.watch_options,
                on_shutdown=partial(fleet.shut_down, instance_id),
            )
            closing.callback(host.close)
        fleet.on_state = lambda instance_id, state: hosts[instance_id].on_state(state)
        closing.callback(fleet.close)
        return fleet, hosts

    def _start_services(
        self, closing: ExitStack, ports: PortBook, world: World
    ) -> tuple[VisionServer, WebServer]:
        # gRPC and the graph of Wikidata are slow to import: not before the errors above are out.
        from sandbox.vision.landmark_answers import VisionErrors
        from sandbox.vision.server import VisionServer
        from sandbox.web import WebServer
        from sandbox.world.city_facts import facts_of

        facts = facts_of(world)
        vision = VisionServer(
            world,
            facts,
            self.counts,
            port=ports.port_for("vision"),
            errors=self._options.vision_errors or VisionErrors(),
        )
        closing.enter_context(vision)
        self._say(f"Google Vision     {LOOPBACK}:{vision.port}")
        web = WebServer(world, facts, self.counts, port=ports.port_for("web"))
        closing.enter_context(web)
        self._say(f"Wikidata, Commons http://{LOOPBACK}:{web.port}")
        return vision, web


def _lock(state: Path) -> TextIO:
    """Return the locked lock file; the kernel frees it however this process ends."""
    lock = (state / LOCK).open("a+", encoding="utf-8")
    for attempt in range(LOCK_ATTEMPTS):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError as error:
            # `running_sandbox` holds it for a moment when it asks whether a sandbox runs.
            if attempt < LOCK_ATTEMPTS - 1:
                time.sleep(LOCK_PAUSE_SECONDS)
                continue
            lock.seek(0)
            owner = lock.read().strip() or "unknown"
            lock.close()
            msg = (
                f"another sandbox (process {owner}) runs on {state}; end it, or choose another "
                "folder with --state"
            )
            raise StateInUse(msg) from error
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


def print_line(line: str) -> None:
    """Write one line at once, even into a pipe."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
