"""The stand-ins of one sandbox: machines, EC2, Vision, the web, and the endpoint that breaks them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from sandbox.addresses import AwsAddress, StandInAddresses
from sandbox.control import ControlServer
from sandbox.counts import Counts
from sandbox.gpu.ec2 import REGION, Ec2Server, new_key
from sandbox.gpu.ec2_fleet import Ec2Fleet
from sandbox.gpu.ec2_wire import AwsKey
from sandbox.gpu.gpu_host import GpuHost, ed25519_key
from sandbox.options import SandboxOptions
from sandbox.ports import PortBook
from sandbox.processes.startable import Startable
from sandbox.world.world import World, load_world

if TYPE_CHECKING:
    from sandbox.postgres.databases import KeptSecrets
    from sandbox.vision.server import VisionServer
    from sandbox.web import WebServer


def load_shown_world(options: SandboxOptions, say: Callable[[str], None]) -> World:
    """Return the world that is shown; the default one is drawn if it is not there yet."""
    folder = options.world
    if folder is None:
        from sandbox.world.drawing import draw_world

        folder = options.state.resolve() / "world"
        if not folder.exists():
            say("world             drawing the default one: a minute or two, once")
        draw_world(folder)
    world = load_world(folder, options.background, options.neighbours)
    for city in world.cities:
        say(
            f"world             {city.city}: {len(city.photos)} photos of "
            f"{len(city.sights)} sights in {city.folder}"
        )
    return world


class StandIns(Startable):
    """All stand-ins about one world, of which nothing is created before `start`.

    One at a time in a process (moto's state is global). `say` gets one line for each service as
    it becomes ready.
    """

    def __init__(
        self,
        options: SandboxOptions,
        world: World,
        ports: PortBook,
        kept: KeptSecrets,
        *,
        counts: Counts,
        say: Callable[[str], None],
    ) -> None:
        self._options = options
        self._world = world
        self._ports = ports
        self._kept = kept
        self._counts = counts
        self._say = say
        self._state = options.state.resolve()
        self._closing = ExitStack()
        # For tests in this process that break or hold them.
        self.fleet: Ec2Fleet | None = None
        self.hosts: dict[str, GpuHost] = {}
        self.web: WebServer | None = None

    def start(self) -> StandInAddresses:
        """Start all; if one cannot start, end the others and raise its error."""
        with ExitStack() as closing:
            addresses = self._start(closing)
            self._closing = closing.pop_all()
        return addresses

    def stop(self) -> None:
        """End all, newest first; a second call does nothing."""
        self._closing.close()

    def broken_part(self) -> str | None:
        """Return a sentence about a service that died by itself, None while all is well."""
        if self.web is not None and not self.web.is_running():
            return "the web stand-ins ended by themselves"
        return None

    def _start(self, closing: ExitStack) -> StandInAddresses:
        options, listening = self._options, self._options.listening
        fleet, self.hosts = self._start_machines(closing)
        self.fleet = fleet
        key = AwsKey(
            options.aws_access_key_id
            or self._kept.get("aws_access_key_id", lambda: new_key().access_key_id),
            self._kept.get("aws_access_key", lambda: new_key().access_key),
        )
        port = self._ports.port_for("ec2", listening.address)
        ec2 = Ec2Server(fleet, key, self._counts, port=port, listening=listening)
        closing.enter_context(ec2)
        self._say(f"EC2               {ec2.url}  {', '.join(fleet.instance_ids)}")
        vision, web = self._start_services(closing)
        self.web = web
        control = ControlServer(
            self._counts,
            fleet,
            vision.set_fault,
            web.refusals.set,
            # On loopback in any case: whoever may break them is on this machine.
            port=options.control_port or self._ports.port_for("control"),
        )
        closing.enter_context(control)
        self._say(f"control           {control.url}")
        return StandInAddresses(
            control_url=control.url,
            world=self._world.folder,
            aws=AwsAddress(ec2.url, REGION, key.access_key_id, key.access_key),
            instances=tuple(host.address for host in self.hosts.values()),
            vision_endpoint=vision.endpoint,
            wikidata_sparql_url=web.wikidata_sparql_url,
            wikidata_api_url=web.wikidata_api_url,
            commons_api_url=web.commons_api_url,
            openverse_api_url=web.openverse_api_url,
            places_api_url=web.places_api_url,
            search_pages_url=web.search_pages_url,
            trusted_origins=(web.url,),
        )

    def _start_machines(self, closing: ExitStack) -> tuple[Ec2Fleet, dict[str, GpuHost]]:
        options = self._options
        fleet = Ec2Fleet(
            self._state / "ec2",
            self._counts,
            instance_count=options.instances,
            instance_ids=options.instance_ids,
            transition_seconds=options.transition_seconds,
        )
        client_key = ed25519_key(self._state / "gpu_host_key", "sightscan pipeline")
        hosts = {}
        for instance_id in fleet.instance_ids:
            host = hosts[instance_id] = GpuHost(
                instance_id,
                self._state / "instances" / instance_id,
                self._counts,
                self._ports,
                client_key=client_key,
                trainer_bin=options.trainer_bin.absolute(),
                boot_seconds=options.boot_seconds,
                watch_options=options.watch_options,
                on_shutdown=partial(fleet.shut_down, instance_id),
                listening=options.listening,
            )
            closing.callback(host.close)
        fleet.on_state = lambda instance_id, state: hosts[instance_id].on_state(state)
        closing.callback(fleet.close)
        return fleet, hosts

    def _start_services(self, closing: ExitStack) -> tuple[VisionServer, WebServer]:
        # gRPC and the graph of Wikidata are slow to import: not before the errors above are out.
        from sandbox.vision.landmark_answers import VisionErrors
        from sandbox.vision.server import VisionServer
        from sandbox.web import WebServer
        from sandbox.world.city_facts import facts_of

        listening = self._options.listening
        facts = facts_of(self._world)
        vision = VisionServer(
            self._world,
            facts,
            self._counts,
            port=self._ports.port_for("vision", listening.address),
            errors=self._options.vision_errors or VisionErrors(),
            listening=listening,
        )
        closing.enter_context(vision)
        self._say(f"Google Vision     {vision.endpoint}")
        web = WebServer(
            self._world,
            facts,
            self._counts,
            port=self._ports.port_for("web", listening.address),
            listening=listening,
        )
        closing.enter_context(web)
        self._say(f"Wikidata, Commons {web.url}")
        return vision, web
